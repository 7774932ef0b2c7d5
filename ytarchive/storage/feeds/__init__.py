"""Podcast feeds: stored videos for podcast apps, at addresses with a key."""
