"""Everything that knows yt-dlp: warm worker processes, options, and what its errors mean.

yt-dlp itself is imported in the worker processes alone.
"""

from ytarchive.ytdlp.api import (
    Downloaded,
    DownloadOrder,
    ExtractedVideo,
    Extractor,
    Fetcher,
    ListedEntries,
    Transfer,
)

__all__ = [
    "DownloadOrder",
    "Downloaded",
    "ExtractedVideo",
    "Extractor",
    "Fetcher",
    "ListedEntries",
    "Transfer",
]
