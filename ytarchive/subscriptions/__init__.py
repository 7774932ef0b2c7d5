"""Subscriptions: channels and playlists that the archive follows."""
