"""The index of videos, files and lists."""
