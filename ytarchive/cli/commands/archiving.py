"""`ytarchive download` and `ytarchive playlist`."""

from typing import Any

import click
from pydantic import ValidationError

from ytarchive.cli.following import carry_out
from ytarchive.cli.options import Command, with_options
from ytarchive.cli.params import LIST, VIDEO, Names, batch_file, range_of
from ytarchive.cli.session import creating, failure
from ytarchive.common.contract import invalid_request
from ytarchive.common.quality import Quality
from ytarchive.jobs import CreateJob, JobOptions, JobType

_DEFAULTS = JobOptions()

_job_options = with_options(
    click.option(
        "--quality", type=click.Choice([quality.value for quality in Quality]),
        default=_DEFAULTS.quality.value, show_default=True,
        help="Largest picture; what is not available falls back to the next lower one.",
    ),
    click.option(
        "--audio-language", metavar="LANG",
        help="Language of the sound, such as de; default: the original one.",
    ),
    click.option(
        "--captions", "caption_languages", type=Names(), metavar="LANGS",
        default=",".join(_DEFAULTS.caption_languages), show_default=True,
        help="Languages of captions, separated by commas; all: every one that people have made.",
    ),
    click.option("--no-captions", is_flag=True, help="Leave captions out."),
    click.option(
        "--auto-captions", is_flag=True, help="Take automatic captions where there are no others."
    ),
    click.option("--no-thumbnail", is_flag=True, help="Leave the thumbnail out."),
    click.option(
        "--output-dir", metavar="DIR", help="Folder inside the archive; default storage.videos_dir."
    ),
    click.option(
        "--force", is_flag=True,
        help="Download again what is in the archive; the better file is kept.",
    ),
    click.option(
        "--replace", is_flag=True,
        help="As --force, and accept a worse file; the stored one goes to the trash.",
    ),
    click.option(
        "--priority", type=range_of(JobOptions, "priority"), default=_DEFAULTS.priority,
        show_default=True, help="Higher goes first.",
    ),
    click.option(
        "--max-retries", type=range_of(JobOptions, "max_retries"), default=_DEFAULTS.max_retries,
        show_default=True, help="Tries after the first, for each video.",
    ),
    click.option("--detach", is_flag=True, help="Queue it and return at once."),
)  # fmt: skip


@click.command(cls=Command)
@click.argument("videos", nargs=-1, type=VIDEO, metavar="VIDEO...")
@batch_file(VIDEO)
@_job_options
def download(videos: tuple[str, ...], batch_file: list[str], detach: bool, **given: Any) -> int:
    """Archive videos.

    VIDEO is an 11-character id or an address that contains one. What the archive already has is
    skipped. With --json the job is printed when it has ended.
    """
    wanted = _all_of(videos, batch_file)
    requests = [_request(JobType.VIDEO_DOWNLOAD, given, video_ids=wanted)]
    return creating(carry_out)(requests, detach=detach)


@click.command(cls=Command)
@click.argument("lists", nargs=-1, type=LIST, metavar="LIST...")
@batch_file(LIST)
@_job_options
@click.option("--full", is_flag=True, help="List all of a channel, not only what is new.")
def playlist(lists: tuple[str, ...], batch_file: list[str], detach: bool, **given: Any) -> int:
    """Archive playlists or channels.

    LIST is the id or address of a playlist, or a channel: its id, its @handle or its address. What
    the archive already has is skipped. With --json the job is printed when it has ended, or an
    array of jobs if several lists are given.
    """
    requests = [
        _request(JobType.PLAYLIST_DOWNLOAD, given, playlist_id=each)
        for each in _all_of(lists, batch_file)
    ]
    return creating(carry_out)(requests, detach=detach)


def _all_of(arguments: tuple[str, ...], from_file: list[str]) -> list[str]:
    wanted = list(dict.fromkeys([*arguments, *from_file]))
    if not wanted:
        raise click.UsageError("Give an id or address, or a file of them (-a FILE).")
    return wanted


def _request(kind: JobType, given: dict[str, Any], **what: Any) -> CreateJob:
    """The job that the options describe."""
    options = {
        "quality": given["quality"],
        "audio_language": given["audio_language"],
        "include_captions": not given["no_captions"],
        "caption_languages": given["caption_languages"],
        "auto_captions": given["auto_captions"],
        "include_thumbnail": not given["no_thumbnail"],
        "skip_existing": not (given["force"] or given["replace"]),
        "replace": given["replace"],
        "output_dir": given["output_dir"],
        "priority": given["priority"],
        "full_listing": given.get("full", False),
        "max_retries": given["max_retries"],
    }
    try:
        return CreateJob(type=kind, options=JobOptions(**options), **what)
    except ValidationError as error:
        raise failure(invalid_request(error)) from None
