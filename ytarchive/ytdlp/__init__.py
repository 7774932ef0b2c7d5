"""The use of yt-dlp: worker processes, options, and classification of errors.

yt-dlp itself is imported only in worker processes.
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
from ytarchive.ytdlp.explaining import ChoiceReason, FormatChoice, explained
from ytarchive.ytdlp.gate import LIST_PAGE, SINGLE_REQUEST, VIDEO, Gate, OpenGate
from ytarchive.ytdlp.selection import is_served_by
from ytarchive.ytdlp.sounds import is_original, language_of
from ytarchive.ytdlp.tools import KnownTools, Tool, ToolReport, tool_report
