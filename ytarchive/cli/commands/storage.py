"""`ytarchive storage`."""

from typing import Any

import click
from pydantic import BaseModel
from rich.console import Group as Lines
from rich.console import RenderableType

from ytarchive.cli.commands.finding import list_videos, search
from ytarchive.cli.commands.metadata import video_facts
from ytarchive.cli.options import Group
from ytarchive.cli.output import Output, cell, pairs, size, table
from ytarchive.cli.paging import page_of, paged
from ytarchive.cli.params import VIDEO
from ytarchive.cli.session import reading, with_archive
from ytarchive.cli.text import counted
from ytarchive.cli.times import moment
from ytarchive.common.errors import NotFound
from ytarchive.common.models import Page
from ytarchive.discovery import Archive
from ytarchive.jobs import Availability, AvailabilityAPI, AvailabilityQuery, AvailabilityState
from ytarchive.metadata import VideoMetadata
from ytarchive.storage import (
    ExistsRequest,
    Removed,
    RemovedVideo,
    RemoveVideos,
    StorageLocation,
    StorageStats,
    TrashAPI,
)

_REMOVED_AT_ONCE = 100


class VideoInArchive(BaseModel):
    """The stored files and metadata of a video."""

    video_id: str
    exists: bool
    location: StorageLocation | None
    metadata: VideoMetadata | None


@click.group(cls=Group, default="stats")
def storage() -> None:
    """Show the archive's content, and remove videos."""


storage.add_command(list_videos)
storage.add_command(search)


@storage.command()
@reading
async def stats(archive: Archive, out: Output) -> None:
    """Show the archive's size (default of `storage`)."""
    out.show(await archive.storage.get_stats(), _stats)


@storage.command()
@click.argument("video", type=VIDEO)
@reading
async def show(archive: Archive, out: Output, video: str) -> None:
    """Show the stored files of a video and their paths."""
    found = await archive.storage.video_exists(video)
    try:
        described = await archive.storage.get_metadata(video)
    except NotFound:
        described = None
    if not found.exists and described is None:
        raise NotFound(f"the archive has no file of {video}")
    stored = VideoInArchive(
        video_id=found.video_id, exists=found.exists, location=found.location, metadata=described
    )
    out.show(stored, _stored)


@storage.command()
@click.argument("videos", nargs=-1, required=True, type=VIDEO, metavar="VIDEO...")
@reading
async def exists(archive: Archive, out: Output, videos: tuple[str, ...]) -> int:
    """Show whether videos are stored.

    The exit code is 1 if a video is not stored.
    """
    if len(videos) == 1:
        found = await archive.storage.video_exists(videos[0])
        out.show(found, lambda found: _presence(found.video_id, stored=found.exists))
        return 0 if found.exists else 1
    stored = await archive.storage.videos_exist(ExistsRequest(video_ids=list(videos)))
    out.show(
        stored,
        lambda stored: Lines(*(_presence(v, stored=v in stored.video_ids) for v in videos)),
    )
    return 0 if set(videos) <= set(stored.video_ids) else 1


@storage.command()
@click.argument("videos", nargs=-1, required=True, type=VIDEO, metavar="VIDEO...")
@click.option("--keep-metadata", is_flag=True, help="Leave the metadata in the archive.")
@with_archive
async def remove(
    archive: Archive, out: Output, videos: tuple[str, ...], keep_metadata: bool
) -> int:
    """Move videos to the trash; lists do not fetch them again.

    `ytarchive trash restore` puts them back and clears the mark. The exit code is 1 if a video is
    not removed.
    """
    removed: list[RemovedVideo] = []
    ids = list(dict.fromkeys(videos))
    for start in range(0, len(ids), _REMOVED_AT_ONCE):
        some = list(ids[start : start + _REMOVED_AT_ONCE])
        request = RemoveVideos(video_ids=some, keep_metadata=keep_metadata)
        removed += (await archive.of(TrashAPI).remove_videos(request)).videos
    out.show(Removed(videos=removed), lambda _: Lines(*map(_removal, removed)))
    return 1 if any(each.error for each in removed) else 0


@storage.command()
@click.option(
    "--state",
    type=click.Choice(list(AvailabilityState), case_sensitive=False),
    help="Only videos in this state.",
)
@click.option("--reason", help="Only videos with this reason, such as private or deleted.")
@paged(AvailabilityQuery, limit=100)
@reading
async def availability(archive: Archive, out: Output, /, **asked: Any) -> None:
    """List videos that are or were unavailable, with the evidence."""
    query = AvailabilityQuery(**asked)
    out.show(await archive.of(AvailabilityAPI).list_availability(query), _evidence)


def _removal(removed: RemovedVideo) -> RenderableType:
    if removed.error is not None:
        return cell(f"{removed.video_id}: not removed: {removed.error.message}", "red")
    if not removed.items:
        return cell(f"{removed.video_id}: was removed before")
    files = counted(removed.files, "file")
    back = f"ytarchive trash restore {' '.join(removed.items)}"
    moved = f"{files}, {size(removed.size_bytes)}, moved to the trash; to put back: {back}"
    return cell(f"{removed.video_id}: {moved}", "green")


def _evidence(page: Page[Availability]) -> RenderableType:
    if not page.items:
        return cell("No video is known to be unavailable.")
    rows = [
        (each.video_id, each.summary, each.reason, moment(each.last_seen), each.evidence)
        for each in page.items
    ]
    columns = ["VIDEO", "STATE", "REASON", "LAST SEEN", "~/EVIDENCE"]
    return page_of([table(columns, rows)], page.next_cursor)


def _presence(video_id: str, *, stored: bool) -> RenderableType:
    return cell(f"{video_id}  {'stored' if stored else 'not stored'}", "green" if stored else "red")


def _stats(stats: StorageStats) -> RenderableType:
    return pairs(
        [
            ("archive", stats.base_path),
            ("videos", stats.total_videos),
            *([("incomplete", stats.incomplete_videos)] if stats.incomplete_videos else []),
            ("metadata", stats.total_metadata),
            ("playlists", stats.total_playlists),
            ("work plans", stats.work_plans),
            ("files", stats.total_files),
            ("size", size(stats.total_size_bytes)),
            *([("not searchable yet", stats.search_pending)] if stats.search_pending else []),
            ("free", f"{size(stats.free_bytes)} of {size(stats.capacity_bytes)}"),
        ]
    )


def _stored(stored: VideoInArchive) -> RenderableType:
    parts: list[RenderableType] = []
    if stored.metadata is not None:
        parts.append(pairs(video_facts(stored.metadata)))
    where = stored.location
    if where is not None:
        parts.append(
            pairs(
                [
                    ("file", where.video_path),
                    ("metadata", where.metadata_path),
                    ("thumbnail", where.thumbnail_path),
                    ("captions", where.captions_dir),
                    ("missing", ", ".join(where.missing) or None),
                    *([("damaged", ", ".join(where.damaged))] if where.damaged else []),
                    ("quality", where.quality),
                    ("size", size(where.size_bytes)),
                    ("stored", moment(where.stored_at)),
                ]
            )
        )
    return Lines(*parts)
