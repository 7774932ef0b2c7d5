"""Metadata of videos, playlists and channels; quota and cache."""

from ytarchive.common.media import ChannelMetadata, PlaylistMetadata, PlaylistVideo, VideoMetadata
from ytarchive.metadata.api import (
    BatchMetadata,
    BatchRequest,
    FeedEntry,
    ListFeed,
    MetadataAPI,
    MetadataQuery,
    MissingVideo,
    PlaylistPage,
    PlaylistPageQuery,
    QuotaUsage,
    VideoMetadataQuery,
)
from ytarchive.metadata.repository import SCHEMA as METADATA_SCHEMA
