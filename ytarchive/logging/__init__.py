"""Logging: collects, stores, rotates and searches entries of all services; metrics."""

from ytarchive.logging.api import (
    LogBatch,
    LogEntry,
    LoggingAPI,
    LogLevel,
    LogQuery,
    Metric,
    Received,
)
from ytarchive.logging.masking import register_secrets
from ytarchive.logging.pipeline import LogPipeline, RemoteTarget
from ytarchive.logging.repository import SCHEMA as LOGS_SCHEMA
from ytarchive.logging.sinks import Console, configure_logging
