"""Partial downloads on the disk: their report and their removal."""
