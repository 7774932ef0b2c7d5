"""Refreshing: requests the metadata of stored videos again, by an ageing schedule."""

from ytarchive.refreshing.api import RefreshingAPI
from ytarchive.refreshing.models import (
    RefreshedVideo,
    RefreshOutcome,
    RefreshReport,
    RefreshState,
    RunRefreshes,
)
