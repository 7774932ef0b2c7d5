"""`ytarchive verify`."""

import asyncio
import re
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import click
from pydantic import BaseModel
from rich.console import Group as Lines
from rich.console import RenderableType

from ytarchive.cli.following import NO_SERVER_WORKS
from ytarchive.cli.options import Command
from ytarchive.cli.output import Output, cell, moment, pairs, size, table
from ytarchive.cli.session import with_archive
from ytarchive.cli.text import counted
from ytarchive.common.errors import Conflict
from ytarchive.common.quality import Quality
from ytarchive.discovery import Archive
from ytarchive.jobs import CreateJob, JobOptions, JobType
from ytarchive.storage import (
    Finding,
    FindingQuery,
    Verification,
    VerifyMode,
    VerifyRequest,
    VerifyState,
)

_INTERVAL = 0.2
_TOLD_EVERY = 25
"""Rounds of asking between two remarks on the progress."""
_MOST_FINDINGS = 10_000
_SHOWN = 50
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


class Duration(click.ParamType):  # type: ignore[type-arg]  # generic only from click 8.4 on
    """A time such as `90s`, `30m` or `2h`, in seconds."""

    name = "duration"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Seconds."""
        found = re.fullmatch(r"(\d{1,6})([smhd]?)", str(value).strip().lower())
        if not found or not int(found[1]):
            self.fail(f"{value!r} is not a time such as 90s, 30m or 2h.")
        return float(int(found[1]) * _UNITS[found[2]])


class Percentage(click.ParamType):  # type: ignore[type-arg]  # generic only from click 8.4 on
    """A share such as `5%`."""

    name = "percentage"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Per cent, above 0 and at most 100."""
        found = re.fullmatch(r"(\d{1,3}(\.\d+)?)\s*%?", str(value).strip())
        if not found or not 0 < float(found[1]) <= 100:
            self.fail(f"{value!r} is not a share such as 5%.")
        return float(found[1])


class Verified(BaseModel):
    """The verification at its end, what is open, and the jobs that fetch it again."""

    verification: Verification
    findings: list[Finding]
    job_ids: list[str]


@click.command(cls=Command)
@click.option("--quick", is_flag=True, help="Only presence and size; hash nothing.")
@click.option("--sample", type=Percentage(), default=100.0, metavar="5%",
              help="Check this share of the videos, others each time.")  # fmt: skip
@click.option("--time-limit", type=Duration(), metavar="30m",
              help="Stop after this time; the next run goes on from there.")  # fmt: skip
@click.option("--restart", is_flag=True, help="Begin anew instead of going on.")
@click.option("--known", is_flag=True, help="Look again only at what earlier runs have found.")
@click.option("--quarantine", is_flag=True,
              help="Move damaged files aside; count them and missing ones as lost.")  # fmt: skip
@click.option("--repair", is_flag=True,
              help="As --quarantine, and queue the videos to be fetched again.")  # fmt: skip
@with_archive
async def verify(archive: Archive, out: Output, /, *, repair: bool, **flags: Any) -> int:
    """Check that everything stored is still what it was.

    It finds changed, cut, missing and foreign files, and changes nothing unless it is asked to. The
    exit code is 1 if something is found.
    """
    request = VerifyRequest(
        mode=VerifyMode.QUICK if flags["quick"] else VerifyMode.FULL,
        sample_percent=flags["sample"],
        time_limit=flags["time_limit"],
        resume=not flags["restart"],
        quarantine=flags["quarantine"] or repair,
        known_only=flags["known"],
    )
    verification = await _follow(archive, out, request)
    findings = await _findings(archive)
    job_ids = await _queue_again(archive, findings) if repair else []
    verified = Verified(verification=verification, findings=findings, job_ids=job_ids)
    out.show(verified, _verified)
    _tell_jobs(archive, out, job_ids)
    return 1 if findings or verification.state is VerifyState.FAILED else 0


async def _follow(archive: Archive, out: Output, request: VerifyRequest) -> Verification:
    """Verify, and stay to the end; an interrupt stops it where it is."""
    verification = await archive.storage.start_verification(request)
    rounds = 0
    try:
        while verification.state is VerifyState.RUNNING:
            await asyncio.sleep(_INTERVAL)
            verification = await archive.storage.get_verification()
            rounds += 1
            if rounds % _TOLD_EVERY == 0 and not out.as_json:
                out.remark(_progress(verification))
    except asyncio.CancelledError:
        with suppress(Conflict):
            await archive.storage.cancel_verification()
        out.remark("Stopped; the next run goes on from here.")
        raise
    return verification


def _progress(verification: Verification) -> str:
    done, total = verification.videos_checked, verification.videos_total
    found = sum(verification.findings.values())
    videos = f"{done} of {counted(total, 'video')}"
    return f"{videos}, {size(verification.bytes_checked)}, {counted(found, 'finding')}"


async def _findings(archive: Archive) -> list[Finding]:
    found: list[Finding] = []
    cursor: str | None = None
    while len(found) < _MOST_FINDINGS:
        page = await archive.storage.list_findings(FindingQuery(limit=1000, cursor=cursor))
        found += page.items
        cursor = page.next_cursor
        if cursor is None:
            break
    return found


async def _queue_again(archive: Archive, findings: Iterable[Finding]) -> list[str]:
    """Jobs that fetch what was taken out, with the folder, quality and captions that it had."""
    videos: dict[str, list[Finding]] = {}
    for finding in findings:
        if finding.is_removed and finding.video_id:
            videos.setdefault(finding.video_id, []).append(finding)
    wanted: dict[tuple[str | None, Quality, tuple[str, ...]], list[str]] = {}
    described = [key for key, lost in videos.items() if all(map(_is_metadata, lost))]
    for video_id, lost in videos.items():
        if video_id in described:
            continue
        kind = lost[0].output_path, _quality(lost[0]), _languages(lost)
        wanted.setdefault(kind, []).append(video_id)
    jobs = [
        await archive.jobs.create_job(
            CreateJob(
                type=JobType.VIDEO_DOWNLOAD,
                video_ids=video_ids,
                options=JobOptions(
                    skip_existing=False,
                    output_dir=folder,
                    quality=quality,
                    caption_languages=list(languages),
                ),
            )
        )
        for (folder, quality, languages), video_ids in wanted.items()
    ]
    if described:
        again = CreateJob(type=JobType.METADATA_ONLY, video_ids=described)
        jobs.append(await archive.jobs.create_job(again))
    return [job.id for job in jobs]


def _is_metadata(finding: Finding) -> bool:
    """Whether it is a video's metadata, of which its folder has nothing."""
    return finding.path.endswith(f"/{finding.video_id}.json")


def _languages(lost: Iterable[Finding]) -> tuple[str, ...]:
    """The captions that a video had and lost, or else those that jobs have."""
    files = [finding.path.rpartition("/")[2] for finding in lost if finding.path.endswith(".vtt")]
    found = sorted({file.removesuffix(".vtt").partition(".")[2] for file in files})
    return tuple(found or JobOptions().caption_languages)


def _quality(finding: Finding) -> Quality:
    """The quality that the video had, or else the one that jobs have."""
    known = set(Quality)
    return Quality(finding.quality) if finding.quality in known else JobOptions().quality


def _tell_jobs(archive: Archive, out: Output, job_ids: list[str]) -> None:
    for job_id in job_ids:
        out.line(f"queued again: `ytarchive jobs watch {job_id}`")
    if job_ids and archive.url is None:
        out.remark(NO_SERVER_WORKS)


def _verified(verified: Verified) -> RenderableType:
    done = verified.verification
    # Not what `storage stats` calls videos: metadata stored alone is checked too.
    videos = (
        f"{done.videos_checked} of {counted(done.videos_total, 'video')} (metadata alone counts)"
    )
    checked = f"{videos}, {counted(done.files_checked, 'file')}, {size(done.bytes_checked)}"
    facts = pairs(
        [
            ("state", f"{done.state}: {done.error}" if done.error else done.state),
            ("checked", checked),
            ("complete", moment(done.completed_at) if done.completed_at else None),
        ]
    )
    if not verified.findings:
        return Lines(facts, cell("Everything that was checked is as it was stored.", "green"))
    rows = [
        (each.kind, each.path, f"moved to {each.quarantine_path}" if each.quarantine_path
         else each.detail)
        for each in verified.findings[:_SHOWN]
    ]  # fmt: skip
    more = sum(done.findings.values()) - len(rows)
    parts: list[RenderableType] = [facts, table(["FOUND", "~FILE", "~REMARK"], rows)]
    return Lines(*parts, *([cell(f"… and {more} more: --json shows all")] if more > 0 else []))
