"""`ytarchive download` and `ytarchive playlist`."""

from typing import Any, TypeVar

import click
from pydantic import ValidationError

from ytarchive.cli.filter_options import filter_options, given_filter
from ytarchive.cli.following import queue_and_follow
from ytarchive.cli.options import Command, with_options
from ytarchive.cli.output import Output
from ytarchive.cli.params import ANY, LIST, AddressBatch, batch_file, range_of
from ytarchive.cli.profile_options import given_profile, profile_options
from ytarchive.cli.session import chosen, creating, failure
from ytarchive.common.contract import invalid_request
from ytarchive.common.identifiers import Source
from ytarchive.common.profiles import ProfileRequest
from ytarchive.jobs import CreateJob, JobOptions, JobType

T = TypeVar("T")

_DEFAULTS = JobOptions()

_job_options = with_options(
    click.option(
        "--output-dir", metavar="DIR", help="Folder in the archive; default: storage.videos_dir."
    ),
    click.option(
        "--upgrade", is_flag=True,
        help="Fetch a stored video again if a better quality may exist; only a better file "
        "replaces the stored one.",
    ),
    click.option(
        "--force", is_flag=True,
        help="Download stored videos again; the better file is kept.",
    ),
    click.option(
        "--replace", is_flag=True,
        help="Like --force, but also accept a worse file; the stored file is moved to the trash.",
    ),
    click.option(
        "--priority", type=range_of(JobOptions, "priority"), default=_DEFAULTS.priority,
        show_default=True, help="Jobs with a higher priority run first.",
    ),
    click.option(
        "--max-retries", type=range_of(JobOptions, "max_retries"), default=_DEFAULTS.max_retries,
        show_default=True, help="Maximum retries of each video.",
    ),
    click.option(
        "--full", "full_listing", is_flag=True,
        help="List all videos of a channel, not only new ones.",
    ),
    click.option("--detach", is_flag=True, help="Queue the job and return at once."),
)  # fmt: skip


_newest = click.option(
    "--newest", type=click.IntRange(1), metavar="N",
    help="Only the N newest videos of a channel.",
)  # fmt: skip


@click.command(cls=Command)
@click.argument("sources", nargs=-1, type=ANY, metavar="SOURCE...")
@batch_file(ANY)
@profile_options
@_job_options
@_newest
@filter_options
def download(
    sources: tuple[Source, ...], batch_file: AddressBatch, detach: bool, **given: Any
) -> int:
    """Archive videos, playlists and channels.

    SOURCE is a video, a playlist or a channel: an id, an @handle or a URL. The URL of a channel's
    tab (/videos, /shorts, /streams) selects the videos of that tab; a URL with a video and a
    playlist selects only the video. Stored videos are skipped. With --json the finished job is
    printed, or an array of jobs if there are several.
    """
    wanted = _all_of(sources, batch_file)
    videos = [source.id for source in wanted if source.is_video]
    lists = [source.id for source in wanted if not source.is_video]
    return _archive(batch_file, given, videos, lists, detach=detach)


@click.command(cls=Command)
@click.argument("lists", nargs=-1, type=LIST, metavar="LIST...")
@batch_file(LIST)
@profile_options
@_job_options
@_newest
@filter_options
def playlist(lists: tuple[str, ...], batch_file: AddressBatch, detach: bool, **given: Any) -> int:
    """Archive playlists or channels.

    LIST is the id or URL of a playlist, or a channel: its id, its @handle, its URL or the URL of
    one of its tabs. Stored videos are skipped. With --json the finished job is printed, or an array
    of jobs if several lists are given.
    """
    return _archive(batch_file, given, [], _all_of(lists, batch_file), detach=detach)


def _archive(
    batch: AddressBatch, given: dict[str, Any], videos: list[str], lists: list[str], *, detach: bool
) -> int:
    """Queue one job for all videos and one for each list, and return the exit code."""
    wanted = {"filter": given_filter(given)}
    if given["newest"] is not None:
        wanted["filter"]["newest"] = given["newest"]
    if not lists and wanted["filter"]:
        options = "Options that select videos, such as --since, --match and --no-shorts,"
        raise click.UsageError(f"{options} need a playlist or channel.")
    requests = [
        _request(JobType.PLAYLIST_DOWNLOAD, given, wanted, playlist_id=source) for source in lists
    ]
    if videos:
        requests.insert(0, _request(JobType.VIDEO_DOWNLOAD, given, video_ids=videos))
    batch.report()
    code = creating(queue_and_follow)(requests, detach=detach)
    if (summary := batch.summary()) is None:
        return code
    Output(as_json=chosen().json).line(summary, "yellow")
    return 1


def _all_of(arguments: tuple[T, ...], batch: AddressBatch) -> list[T]:
    wanted = list(dict.fromkeys([*arguments, *batch.ids]))
    if not wanted:
        raise click.UsageError("Give an id or URL, or a file of them (-a FILE).")
    return wanted


def _request(
    kind: JobType, given: dict[str, Any], more: dict[str, Any] | None = None, **what: Any
) -> CreateJob:
    """Return the job that the options describe."""
    own = JobOptions.model_fields.keys() - ProfileRequest.model_fields.keys()
    options = {name: value for name, value in given.items() if name in own}
    options |= {
        **given_profile(given),
        "skip_existing": not (given["force"] or given["replace"]),
        **(more or {}),
    }
    try:
        return CreateJob.model_validate({"type": kind, "options": options, **what})
    except ValidationError as error:
        raise failure(invalid_request(error)) from None
