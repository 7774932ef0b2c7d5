"""Every metric, declared once. `/metrics` and `GET /api/v1/metrics` read this registry."""

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
)

# The moment of each counter's event is of no use to anyone here.
disable_created_metrics()  # type: ignore[no-untyped-call]  # published without its type

REGISTRY = CollectorRegistry()

JOBS = Gauge("ytarchive_jobs", "Jobs by status", ["status"], registry=REGISTRY)
QUEUE_DEPTH = Gauge(
    "ytarchive_queue_depth_videos", "Videos that wait for their turn", registry=REGISTRY
)
VIDEOS = Counter("ytarchive_videos", "Videos that ended, by result", ["status"], registry=REGISTRY)
DOWNLOADED_BYTES = Counter(
    "ytarchive_downloaded_bytes", "Media bytes fetched from YouTube", registry=REGISTRY
)
STORED_BYTES = Gauge("ytarchive_stored_bytes", "Bytes of the archive's files", registry=REGISTRY)
STORED_VIDEOS = Gauge("ytarchive_stored_videos", "Videos in the archive", registry=REGISTRY)
ACTIVE_DOWNLOADS = Gauge("ytarchive_active_downloads", "Running downloads", registry=REGISTRY)
QUOTA_USED = Gauge("ytarchive_quota_used_units", "Quota units spent today", registry=REGISTRY)
QUOTA_LIMIT = Gauge("ytarchive_quota_limit_units", "Quota units a day", registry=REGISTRY)
REQUEST_SECONDS = Histogram(
    "ytarchive_request_duration_seconds",
    "Time to answer a request",
    ["method", "path", "status"],
    registry=REGISTRY,
)
YOUTUBE_ERRORS = Counter(
    "ytarchive_youtube_errors",
    "Failed attempts at YouTube, by reason",
    ["reason"],
    registry=REGISTRY,
)
GOVERNOR_STATE = Gauge(
    "ytarchive_governor_state",
    "Whether YouTube may be asked: 1 at the present state (closed, open, probing)",
    ["state", "egress"],
    registry=REGISTRY,
)
GOVERNOR_NEXT_PROBE = Gauge(
    "ytarchive_governor_next_probe_timestamp_seconds",
    "When it is tried again whether YouTube answers; 0 if nothing is held back",
    ["egress"],
    registry=REGISTRY,
)
GOVERNOR_PAUSES = Counter(
    "ytarchive_governor_pauses",
    "Pauses of everything, by cause",
    ["reason", "egress"],
    registry=REGISTRY,
)
LOG_ENTRIES_DROPPED = Counter(
    "ytarchive_log_entries_dropped", "Log entries lost to a full queue", registry=REGISTRY
)
LOG_ENTRIES = Counter(
    "ytarchive_log_entries", "Log entries stored, by level", ["level"], registry=REGISTRY
)
