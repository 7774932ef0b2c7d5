"""Finished downloads become stored videos."""
