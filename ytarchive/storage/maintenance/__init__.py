"""Rebuilds the library from the archive's files."""
