"""The code of the worker processes. Only this package imports yt-dlp."""
