"""Who requested a video, and which lists hold it."""
