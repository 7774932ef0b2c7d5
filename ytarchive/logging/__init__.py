"""Logging: collects entries of every service, keeps, rotates and finds them; metrics."""

from ytarchive.logging.api import (
    LogBatch,
    LogEntry,
    LoggingAPI,
    LogLevel,
    LogQuery,
    Metric,
    Received,
)

__all__ = ["LogBatch", "LogEntry", "LogLevel", "LogQuery", "LoggingAPI", "Metric", "Received"]
