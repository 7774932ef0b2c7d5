"""Trash and quarantine on the disk."""
