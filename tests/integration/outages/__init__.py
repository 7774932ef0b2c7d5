"""Outages between a server with the real yt-dlp and the stand-in."""
