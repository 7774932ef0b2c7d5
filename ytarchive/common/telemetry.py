"""Declares every metric. `/metrics` and `GET /api/v1/metrics` read this registry."""

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
)

# The creation time of each counter is not needed.
disable_created_metrics()  # type: ignore[no-untyped-call]  # published without its type

REGISTRY = CollectorRegistry()

JOBS = Gauge("ytarchive_jobs", "Jobs by status", ["status"], registry=REGISTRY)
QUEUE_DEPTH = Gauge("ytarchive_queue_depth_videos", "Queued videos", registry=REGISTRY)
VIDEOS = Counter("ytarchive_videos", "Finished videos, by result", ["status"], registry=REGISTRY)
DOWNLOADED_BYTES = Counter(
    "ytarchive_downloaded_bytes", "Media bytes fetched from YouTube", registry=REGISTRY
)
STORED_BYTES = Gauge("ytarchive_stored_bytes", "Bytes of the archive's files", registry=REGISTRY)
STORED_VIDEOS = Gauge("ytarchive_stored_videos", "Videos in the archive", registry=REGISTRY)
ACTIVE_DOWNLOADS = Gauge("ytarchive_active_downloads", "Running downloads", registry=REGISTRY)
QUOTA_USED = Gauge("ytarchive_quota_used_units", "Quota units used today", registry=REGISTRY)
QUOTA_LIMIT = Gauge("ytarchive_quota_limit_units", "Quota units per day", registry=REGISTRY)
REQUEST_SECONDS = Histogram(
    "ytarchive_request_duration_seconds",
    "Time until a request is answered",
    ["method", "path", "status"],
    registry=REGISTRY,
)
YOUTUBE_ERRORS = Counter(
    "ytarchive_youtube_errors",
    "Failed requests to YouTube, by reason",
    ["reason"],
    registry=REGISTRY,
)
GOVERNOR_STATE = Gauge(
    "ytarchive_governor_state",
    "State of the circuit: 1 for the current state (closed, open, probing)",
    ["state", "egress"],
    registry=REGISTRY,
)
GOVERNOR_NEXT_PROBE = Gauge(
    "ytarchive_governor_next_probe_timestamp_seconds",
    "Time of the next probe of YouTube; 0 if requests are not paused",
    ["egress"],
    registry=REGISTRY,
)
GOVERNOR_PAUSES = Counter(
    "ytarchive_governor_pauses",
    "Pauses of all requests, by cause",
    ["reason", "egress"],
    registry=REGISTRY,
)
YT_DLP_AGE = Gauge("ytarchive_yt_dlp_age_days", "Days since yt-dlp's release", registry=REGISTRY)
LOG_ENTRIES_DROPPED = Counter(
    "ytarchive_log_entries_dropped",
    "Log entries lost because the queue was full",
    registry=REGISTRY,
)
LOG_ENTRIES = Counter(
    "ytarchive_log_entries", "Log entries stored, by level", ["level"], registry=REGISTRY
)
