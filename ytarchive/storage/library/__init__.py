"""The library: the index of videos, files and playlists."""
