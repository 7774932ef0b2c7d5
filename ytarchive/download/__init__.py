"""Download: fetches videos by yt-dlp into the staging folder."""

from ytarchive.download.api import (
    DEFAULT_CHOICE,
    DownloadAPI,
    DownloadEvent,
    DownloadListener,
    DownloadPhase,
    DownloadProgress,
    DownloadRequest,
    DownloadStatus,
    FormatsQuery,
    VideoFormat,
    VideoFormats,
)
from ytarchive.download.retrying import Retry, RetryPolicy
from ytarchive.download.staging.api import ReleaseStaging, StagingAPI, StagingReport
from ytarchive.ytdlp import ChoiceReason, FormatChoice
