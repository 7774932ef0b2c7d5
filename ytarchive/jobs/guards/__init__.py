"""Decides whether a video may start, and why it waits."""
