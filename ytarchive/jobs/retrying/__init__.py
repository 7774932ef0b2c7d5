"""Trying again: by hand, in bulk, and when what was missing has come."""
