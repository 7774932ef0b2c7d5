"""Turns finished downloads into stored videos."""
