"""Gives fetched media the requested form, and records what was fetched."""

import shutil
from dataclasses import replace
from pathlib import Path

from yt_dlp.version import __version__

from ytarchive.common import errors
from ytarchive.common.archived_files import ArchivedFile, Role, Transferred
from ytarchive.common.models import utc_now
from ytarchive.media import (
    EMBEDDABLE,
    EmbeddedCaptions,
    Info,
    PackagingError,
    SoundTrack,
    chosen_formats,
    extras_for,
    package_for,
    streams_of,
    write_package,
)
from ytarchive.ytdlp.api import DownloadOrder
from ytarchive.ytdlp.worker.progress import ProgressMeter
from ytarchive.ytdlp.worker.sequential_fetcher import WantedFile

WATCH_URL = "https://www.youtube.com/watch?v={}"
_TOO_LITTLE = 4 * 2**20
_STEP = {"postprocessor": "Package"}


def packaged(
    media: Path,
    info: Info,
    order: DownloadOrder,
    side_files: list[WantedFile],
    sounds: list[SoundTrack],
    ffmpeg: str,
    meter: ProgressMeter,
) -> tuple[Path, list[str]]:
    """Return the media in the form that a profile requests, and remarks about differences.

    A file that cannot be written in that form stays as it was fetched. Raises ToolFailed if the
    disk is full.
    """
    profile = order.profile
    # yt-dlp's merge has written the names of the tracks that it merged.
    lacks_names = any(each.language for each in sounds) and len(chosen_formats(info)) == 1
    if not (profile.forms_media or lacks_names):
        return media, []
    package, remarks = package_for(profile, streams_of(media, ffmpeg), media.suffix[1:])
    cover, captions = _embeddable(side_files)
    extras, absent = extras_for(profile, info, cover, captions)
    package, impossible = package.with_extras(replace(extras, sounds=tuple(sounds)))
    remarks += [*absent, *impossible]
    if package.keeps(media) and not lacks_names:
        return media, remarks
    unfinished = media.with_name(f"{media.stem}.temp{package.suffix}")
    meter.postprocessor(_STEP | {"status": "started"})
    try:
        write_package(media, unfinished, package, ffmpeg)
    except PackagingError as error:
        if shutil.disk_usage(media.parent).free < _TOO_LITTLE:
            raise errors.ToolFailed(str(error)) from error
        return media, [*remarks, f"stored as it was fetched: {error}"]
    finally:
        meter.postprocessor(_STEP | {"status": "finished"})
    finished = media.with_suffix(package.suffix)
    unfinished.replace(finished)
    if finished != media:
        media.unlink()
    return finished, remarks


def _embeddable(side_files: list[WantedFile]) -> tuple[Path | None, list[EmbeddedCaptions]]:
    """Return the fetched thumbnail and captions."""
    covers = [each.target for each in side_files if each.file.role is Role.THUMBNAIL]
    captions = [
        EmbeddedCaptions(each.target, each.file.language or "", each.file.automatic)
        for each in side_files
        if each.file.role is Role.CAPTIONS and each.file.format in EMBEDDABLE
    ]
    return next(iter(covers), None), captions


def transferred(info: Info, side_files: list[WantedFile], media: Path | None = None) -> Transferred:
    """Return the record of the fetched files. `media`: the media file, if it was fetched."""
    video_id, files = str(info["id"]), [each.file for each in side_files]
    if media is not None:
        format_ = media.suffix[1:]
        files = [
            ArchivedFile(name=f"{video_id}{media.suffix}", role=Role.MEDIA, format=format_),
            ArchivedFile(name=f"{video_id}.info.json", role=Role.INFO, format="json"),
            *files,
        ]
    return Transferred(
        source_url=WATCH_URL.format(video_id),
        fetched_at=utc_now(),
        format_ids=str(info.get("format_id") or "") if media else None,
        yt_dlp_version=__version__,
        files=files,
    )
