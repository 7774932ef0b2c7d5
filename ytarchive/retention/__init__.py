"""Retention: which videos of subscriptions are removed, by age, number, size or free space."""

from ytarchive.retention.api import RetentionAPI
from ytarchive.retention.models import (
    KeptReason,
    KeptVideos,
    PlannedRemoval,
    RemovalsQuery,
    Retention,
    RetentionLimit,
    RetentionPreview,
    RetentionRemoval,
    RetentionReport,
    RetentionRequest,
    RetentionRule,
    RunRetention,
)
from ytarchive.retention.repository import SCHEMA as RETENTION_SCHEMA
