"""Outages as a server meets them, by the real yt-dlp, between it and the stand-in."""
