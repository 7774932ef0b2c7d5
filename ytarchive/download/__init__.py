"""Download: fetches videos by yt-dlp into the staging folder."""

from ytarchive.download.api import (
    DownloadAPI,
    DownloadEvent,
    DownloadListener,
    DownloadPhase,
    DownloadProgress,
    DownloadRequest,
    DownloadStatus,
    VideoFormat,
    VideoFormats,
)
from ytarchive.download.retrying import Retry, RetryPolicy
from ytarchive.download.staging.api import ReleaseStaging, StagingAPI, StagingReport
