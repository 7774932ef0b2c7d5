"""File contents of stored videos: media, thumbnails and captions."""
