"""Limits of a user for the start of videos: download windows and daily caps."""
