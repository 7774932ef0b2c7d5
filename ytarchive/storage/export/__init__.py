"""Exports of stored videos for other programs: lists, and bags with the files."""
