"""YTArchive: archives YouTube videos, playlists and channels on your own disk."""

__version__ = "0.1.0"
