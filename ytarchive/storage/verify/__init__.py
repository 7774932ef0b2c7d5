"""Verifies that stored files are unchanged, and handles those that are not."""
