"""`ytarchive verify`."""

import re
from typing import Any

import click
from pydantic import BaseModel
from rich.console import Group as Lines
from rich.console import RenderableType

from ytarchive.cli.following import NO_SERVER_WORKS
from ytarchive.cli.options import Command
from ytarchive.cli.output import Output, cell, pairs, size, table
from ytarchive.cli.params import DURATION, Parsed
from ytarchive.cli.passes import follow_pass
from ytarchive.cli.session import with_archive
from ytarchive.cli.text import counted
from ytarchive.cli.times import moment
from ytarchive.discovery import Archive
from ytarchive.jobs import RepairsAPI
from ytarchive.storage import (
    Finding,
    FindingQuery,
    PassState,
    Verification,
    VerificationAPI,
    VerifyMode,
    VerifyRequest,
)

_SHOWN = 50


def _sample(text: str) -> dict[str, float | int]:
    """Return the field of `VerifyRequest` with its value: per cent, or a number of videos."""
    found = re.fullmatch(r"([1-9]\d{0,8})|(\d{1,3}(?:\.\d+)?)\s*%", text.strip())
    if found and found[1]:
        return {"sample_videos": int(found[1])}
    if not found or not 0 < float(found[2]) <= 100:
        raise ValueError(
            f"{text!r} is neither a share such as 5% nor a number of videos such as 20."
        )
    return {"sample_percent": float(found[2])}


class Verified(BaseModel):
    """The finished verification, its open findings, and the jobs that fetch the files again."""

    verification: Verification
    findings: list[Finding]
    job_ids: list[str]


@click.command(cls=Command)
@click.option("--quick", is_flag=True, help="Check only presence and size, without hashing.")
@click.option("--sample", type=Parsed("sample", _sample), default="100%", metavar="5%|20",
              help="Check a part or number of the videos; each run selects others.")  # fmt: skip
@click.option("--time-limit", type=DURATION, metavar="30m",
              help="Stop after this time; the next run continues.")  # fmt: skip
@click.option("--restart", is_flag=True, help="Begin a new pass instead of continuing one.")
@click.option("--known", is_flag=True, help="Check only the files that earlier runs reported.")
@click.option("--accept", is_flag=True,
              help="Accept foreign files: later runs do not report them.")  # fmt: skip
@click.option("--quarantine", is_flag=True,
              help="Move damaged files to the quarantine; record all lost files.")  # fmt: skip
@click.option("--repair", is_flag=True,
              help="Fetch damaged and missing files; keep damaged ones until then.")  # fmt: skip
@with_archive
async def verify(archive: Archive, out: Output, /, *, repair: bool, **flags: Any) -> int:
    """Check that every stored file is unchanged.

    The command finds damaged, truncated, missing and foreign files. It changes files only with
    --quarantine or --repair. Foreign files are files that ytarchive did not store; files of
    operating systems and media servers (.DS_Store, @eaDir, *.nfo) are ignored. The exit code is 1
    if a stored file is damaged or lost, or if no file could be read.
    """
    request = VerifyRequest(
        mode=VerifyMode.QUICK if flags["quick"] else VerifyMode.FULL,
        time_limit=flags["time_limit"],
        resume=not flags["restart"],
        quarantine=flags["quarantine"],
        repair=repair,
        known_only=flags["known"],
        accept_foreign=flags["accept"],
        **flags["sample"],
    )
    api = archive.of(VerificationAPI)
    verification = await follow_pass(
        archive, out, await api.start_verification(request),
        api.get_verification, api.cancel_verification,
        kinds=["verification", "video"], progress=_progress,
    )  # fmt: skip
    findings = await _findings(archive, out)
    job_ids = (await archive.of(RepairsAPI).repair_videos()).job_ids if repair else []
    verified = Verified(verification=verification, findings=findings, job_ids=job_ids)
    out.show(verified, _verified)
    _print_jobs(archive, out, job_ids)
    has_loss = any(kind.is_loss for kind in verification.findings)
    return 1 if has_loss or verification.error else 0


def _progress(verification: Verification) -> str:
    done, total = verification.videos_checked, verification.videos_total
    found = sum(verification.findings.values())
    videos = f"{done} of {counted(total, 'video')}"
    return f"{videos}, {size(verification.bytes_checked)}, {counted(found, 'finding')}"


async def _findings(archive: Archive, out: Output) -> list[Finding]:
    found: list[Finding] = []
    cursor: str | None = None
    while len(found) < 10_000:
        page = await archive.of(VerificationAPI).list_findings(
            FindingQuery(limit=1000, cursor=cursor)
        )
        found += page.items
        out.name_skipped(page.skipped)
        cursor = page.next_cursor
        if cursor is None:
            break
    return found


def _print_jobs(archive: Archive, out: Output, job_ids: list[str]) -> None:
    for job_id in job_ids:
        out.line(f"queued again: `ytarchive jobs watch {job_id}`")
    if job_ids and archive.url is None:
        out.remark(NO_SERVER_WORKS)


def _verified(verified: Verified) -> RenderableType:
    done = verified.verification
    facts = pairs(
        [
            ("state", f"{done.state}: {done.error}" if done.error else done.state),
            ("checked", _checked(done)),
            ("complete", moment(done.completed_at) if done.completed_at else None),
        ]
    )
    if not verified.findings:
        return Lines(facts, _conclusion(done))
    rows = [
        (each.kind, each.path, f"moved to {each.quarantine_path}" if each.quarantine_path
         else each.detail)
        for each in verified.findings[:_SHOWN]
    ]  # fmt: skip
    more = sum(done.findings.values()) - len(rows)
    parts: list[RenderableType] = [facts, table(["FOUND", "/FILE", "~/REMARK"], rows)]
    if not any(kind.is_loss for kind in done.findings):
        parts.append(
            cell("Only foreign files were found; `verify --accept` accepts them.", "green")
        )
    return Lines(*parts, *([cell(f"… and {more} more: --json shows all")] if more > 0 else []))


def _checked(done: Verification) -> str:
    # `storage stats` counts only videos with media.
    total = counted(done.videos_total, "video")
    videos = f"{done.videos_checked} of {total}, counting those with only metadata"
    read = "sizes only" if done.mode is VerifyMode.QUICK else size(done.bytes_checked)
    return f"{videos}; {counted(done.files_checked, 'file')}, {read}"


def _conclusion(done: Verification) -> RenderableType:
    """Return the conclusion of a run without findings; empty if no file was read."""
    if done.state is PassState.FAILED:
        return cell("The verification failed.", "red")
    if done.error:
        return cell("The verification was interrupted; the next run continues it.", "red")
    if not done.files_checked:
        return cell("No file was read, and no finding is open.")
    return cell("All checked files are unchanged.", "green")
