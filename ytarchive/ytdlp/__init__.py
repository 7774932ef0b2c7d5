"""Everything that knows yt-dlp: warm worker processes, options, and what its errors mean.

yt-dlp itself is imported in the worker processes alone.
"""

from ytarchive.ytdlp.api import (
    CAPTIONS_NOT_ASKED,
    Downloaded,
    DownloadOrder,
    ExtractedVideo,
    Extractor,
    Fetcher,
    ListedEntries,
    Transfer,
)
from ytarchive.ytdlp.client import YtDlp
from ytarchive.ytdlp.cookies import CookiesReport, cookies_report
from ytarchive.ytdlp.formats import has_picture, has_sound, is_upscaled, label_of
from ytarchive.ytdlp.gate import Gate, OpenGate
from ytarchive.ytdlp.inspection import require_playable
from ytarchive.ytdlp.selection import quality_label
from ytarchive.ytdlp.sounds import is_original, language_of
from ytarchive.ytdlp.streams import PICTURE, SOUND, Streams, streams_of
from ytarchive.ytdlp.tools import KnownTools, Tool, ToolReport, ffmpeg_path, tool_report

__all__ = [
    "CAPTIONS_NOT_ASKED",
    "PICTURE",
    "SOUND",
    "CookiesReport",
    "DownloadOrder",
    "Downloaded",
    "ExtractedVideo",
    "Extractor",
    "Fetcher",
    "Gate",
    "KnownTools",
    "ListedEntries",
    "OpenGate",
    "Streams",
    "Tool",
    "ToolReport",
    "Transfer",
    "YtDlp",
    "cookies_report",
    "ffmpeg_path",
    "has_picture",
    "has_sound",
    "is_original",
    "is_upscaled",
    "label_of",
    "language_of",
    "quality_label",
    "require_playable",
    "streams_of",
    "tool_report",
]
