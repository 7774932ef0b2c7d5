"""The bytes of stored videos: media, thumbnails and captions."""
