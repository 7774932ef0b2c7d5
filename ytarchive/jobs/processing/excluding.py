"""Excludes single videos by their metadata, before any media is fetched."""

from loguru import logger

from ytarchive.common.media import VideoMetadata
from ytarchive.jobs.queue.filtering import Facts, VideoFilter
from ytarchive.jobs.queue.rows import Outcome, filtered
from ytarchive.metadata import MetadataAPI, VideoMetadataQuery

log = logger.bind(service="jobs")


async def exclusion(
    metadata: VideoMetadata, wanted: VideoFilter, source: MetadataAPI
) -> Outcome | None:
    """Return the result of a video that the filter excludes; None if it is archived.

    The Data API does not tell the kind of a video: yt-dlp is asked if nothing else decides.
    """
    facts = Facts.of_metadata(metadata)
    reason = wanted.exclusion(facts)
    if reason is None and wanted.needs_kind(facts):
        query = VideoMetadataQuery(extract=True, refresh=True)
        reason = wanted.exclusion(
            Facts.of_metadata(await source.get_video(metadata.video_id, query))
        )
    if reason is None:
        return None
    log.info("{}: {}", metadata.video_id, reason)
    return filtered(metadata.video_id, reason, metadata.title)
