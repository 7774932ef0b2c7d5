"""Metadata: what YouTube says of videos, playlists and channels; quota and cache."""

from ytarchive.common.media import PlaylistMetadata, PlaylistVideo, VideoMetadata
from ytarchive.metadata.api import (
    BatchMetadata,
    BatchRequest,
    ChannelMetadata,
    MetadataAPI,
    MetadataQuery,
    MissingVideo,
    PlaylistPage,
    PlaylistPageQuery,
    QuotaUsage,
    VideoMetadataQuery,
)
from ytarchive.metadata.data_api.connection import PROXY_ERRORS, youtube_session

__all__ = [
    "PROXY_ERRORS",
    "BatchMetadata",
    "BatchRequest",
    "ChannelMetadata",
    "MetadataAPI",
    "MetadataQuery",
    "MissingVideo",
    "PlaylistMetadata",
    "PlaylistPage",
    "PlaylistPageQuery",
    "PlaylistVideo",
    "QuotaUsage",
    "VideoMetadata",
    "VideoMetadataQuery",
    "youtube_session",
]
