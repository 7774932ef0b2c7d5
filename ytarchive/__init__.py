"""YTArchive: keeps YouTube videos, playlists and channels safe on your own disk."""

__version__ = "0.1.0"
