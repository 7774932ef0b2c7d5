"""Processes each video with the other services, and reports the progress."""
