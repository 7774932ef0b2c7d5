"""`ytarchive metadata` and `ytarchive formats`."""

from typing import Any

import click
from rich.console import Group as Lines
from rich.console import RenderableType

from ytarchive.cli.following import queue_and_follow
from ytarchive.cli.options import Command
from ytarchive.cli.output import Output, cell, clock, pairs, size, table
from ytarchive.cli.params import ANY, VIDEO
from ytarchive.cli.profile_options import given_profile, profile_options
from ytarchive.cli.session import cached_if_locked, needing_no_archive
from ytarchive.cli.text import shortened
from ytarchive.cli.times import moment
from ytarchive.common.channel_lists import is_channel
from ytarchive.common.identifiers import Source
from ytarchive.discovery import Archive
from ytarchive.download import FormatChoice, FormatsQuery, VideoFormat, VideoFormats
from ytarchive.jobs import CreateJob, JobOptions, JobType
from ytarchive.metadata import (
    ChannelMetadata,
    MetadataQuery,
    PlaylistMetadata,
    PlaylistVideo,
    VideoMetadata,
    VideoMetadataQuery,
)

_DESCRIPTION_SHOWN = 2000


@click.command(cls=Command)
@click.argument("source", type=ANY, metavar="ID")
@click.option(
    "--refresh", is_flag=True, help="Send a request to YouTube even if the metadata is cached."
)
@click.option("--save", is_flag=True, help="Store the metadata in the archive, by a job.")
@cached_if_locked
async def metadata(
    archive: Archive, out: Output, source: Source, refresh: bool, save: bool
) -> int | None:
    """Show metadata from YouTube.

    ID is a video, a playlist or a channel: an id, an @handle or a URL.
    """
    if save:
        return await queue_and_follow(archive, out, [_job(source, refresh=refresh)], detach=False)
    query = MetadataQuery(refresh=refresh)
    if source.is_video:
        one = VideoMetadataQuery(refresh=refresh)
        out.show(await archive.metadata.get_video(source.id, one), _video)
    elif is_channel(source.id):
        out.show(await archive.metadata.get_channel(source.id, query), _channel)
    else:
        out.show(await archive.metadata.get_playlist(source.id, query), _playlist)
    return None


@click.command(cls=Command)
@click.argument("video", type=VIDEO)
@profile_options
@needing_no_archive
async def formats(archive: Archive, out: Output, /, video: str, **given: Any) -> None:
    """List the formats of a video, and explain the choice.

    Show what `download` would store with the same options. Nothing is downloaded, and no archive
    is needed.
    """
    wanted = FormatsQuery.model_validate(given_profile(given))
    out.show(await archive.download.get_formats(video, wanted), _formats)


def _job(source: Source, *, refresh: bool) -> CreateJob:
    options = JobOptions(refresh_metadata=refresh)
    if source.is_video:
        return CreateJob(type=JobType.METADATA_ONLY, video_ids=[source.id], options=options)
    return CreateJob(type=JobType.METADATA_ONLY, playlist_id=source.id, options=options)


def video_facts(video: VideoMetadata) -> list[tuple[str, object]]:
    """Return the metadata of a video for display."""
    return [
        ("video", video.video_id),
        ("title", video.title),
        ("channel", _named_channel(video)),
        ("published", moment(video.upload_date) if video.upload_date else "unknown"),
        ("duration", clock(video.duration) or "unknown"),
        ("views", video.view_count),
        ("likes", video.like_count),
        ("captions", ", ".join(video.available_captions or []) or None),
        ("fetched", moment(video.fetched_at)),
    ]


def _video(video: VideoMetadata) -> RenderableType:
    description = video.description[:_DESCRIPTION_SHOWN].splitlines()
    return Lines(pairs(video_facts(video)), *(cell(line) for line in ["", *description]))


def _channel(channel: ChannelMetadata) -> RenderableType:
    return pairs(
        [
            ("channel", channel.channel_id),
            ("title", channel.title),
            ("handle", channel.handle),
            ("uploads", channel.uploads_playlist_id),
            ("videos", channel.video_count),
            ("description", channel.description[:_DESCRIPTION_SHOWN] or None),
        ]
    )


def _named_channel(of: VideoMetadata | PlaylistMetadata) -> str:
    return f"{of.channel_title} ({of.channel_id})" if of.channel_id else of.channel_title


def _playlist(playlist: PlaylistMetadata) -> RenderableType:
    facts = pairs(
        [
            ("playlist", playlist.playlist_id),
            ("title", playlist.title),
            ("channel", _named_channel(playlist)),
            ("videos", playlist.video_count),
        ]
    )
    return Lines(facts, table([">#", "VIDEO", ">LENGTH", "~TITLE"], map(_entry, playlist.videos)))


def _entry(video: PlaylistVideo) -> list[object]:
    title = shortened(video.title)
    title = title if video.is_available else f"{title} (not available)".strip()
    return [video.position + 1, video.video_id, clock(video.duration), title]


def _formats(found: VideoFormats) -> RenderableType:
    facts = pairs(
        [
            ("video", found.video_id),
            ("title", found.title),
            ("qualities", ", ".join(found.qualities)),
            ("sound", ", ".join(found.audio_languages) or None),
            ("captions", ", ".join(found.captions) or None),
            ("automatic", ", ".join(found.automatic_captions) or None),
        ]
    )
    columns = [
        "FORMAT",
        "EXT",
        ">QUALITY",
        "PICTURE",
        ">FPS",
        "VIDEO",
        "AUDIO",
        "SOUND",
        ">KBIT/S",
        ">SIZE",
    ]
    listed = table(columns, map(_format, found.formats))
    return Lines(facts, listed, *(_choice(found.choice) if found.choice else ()))


def _choice(choice: FormatChoice) -> list[RenderableType]:
    """Return what is chosen, and a line for each reason; replacements are yellow."""
    chosen = [
        "+".join(choice.format_ids),
        choice.container,
        choice.quality or "audio",
        choice.video_codec,
        choice.audio_codec,
        f"{choice.fps:g} fps" if choice.fps else None,
        choice.audio_language,
        size(choice.size_bytes) if choice.size_bytes else None,
    ]
    captions = [*choice.captions, *(f"{code} automatic" for code in choice.automatic_captions)]
    facts = pairs(
        [
            ("profile", choice.profile or "default"),
            ("chosen", ", ".join(filter(None, chosen))),
            ("captions", ", ".join(captions) or None),
        ]
    )
    rows = [
        (each.subject, cell(each.reason, "yellow" if each.is_fallback else ""))
        for each in choice.reasons
    ]
    return [cell(""), facts, table(["CHOICE", "~REASON"], rows)]


def _format(each: VideoFormat) -> list[object]:
    return [
        each.format_id,
        each.extension,
        f"{each.quality} upscaled" if each.is_upscaled else each.quality,
        f"{each.width}x{each.height}" if each.width and each.height else None,
        f"{each.fps:g}" if each.fps else None,
        each.video_codec,
        each.audio_codec,
        f"{each.audio_language} original" if each.is_original_sound else each.audio_language,
        f"{each.bitrate:.0f}" if each.bitrate else None,
        size(each.size_bytes) if each.size_bytes else None,
    ]
