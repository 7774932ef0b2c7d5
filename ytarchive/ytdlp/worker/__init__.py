"""What runs in the worker processes. yt-dlp itself is imported here alone."""
