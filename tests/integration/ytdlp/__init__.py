"""The worker processes and the Download service, with the real yt-dlp."""
