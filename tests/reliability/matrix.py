"""Every class of failure: how it is produced, and the expected consequences."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.standin.media import ffmpeg_program

REPOSITORY = Path(__file__).parents[2]


@dataclass(frozen=True)
class Outcome:
    """The expected outcome of the video of a job."""

    status: str
    """Of the result, or `waiting`."""
    code: str | None
    """Of the last failure; empty if a retry succeeded."""
    attempts: int
    governor: str = "closed"
    parked: str = ""
    """The condition that must change before an automatic retry."""


@dataclass(frozen=True)
class Case:
    """A failure; `state` is the video's, `faults` affect its requests, `disk` its files."""

    name: str
    expected: Outcome
    state: str = "ok"
    faults: tuple[dict[str, Any], ...] = field(default=())
    disk: str = ""
    """The name of an error that occurs in the middle of each stream."""
    machine: tuple[tuple[str, str], ...] = field(default=())
    """Variables of a server of its own."""

    @property
    def produced_by(self) -> str:
        """A description for the report."""
        shown = [" ".join(f"{k}={v}" for k, v in fault.items()) for fault in self.faults]
        disk = [f"{self.disk} while writing"] * bool(self.disk)
        machine = [f"{name}={_shown(value)}" for name, value in self.machine[:1]]
        return "; ".join([f"state {self.state}"] * (self.state != "ok") + shown + disk + machine)


def _shown(value: str) -> str:
    return value.partition(":")[0].removeprefix(f"{REPOSITORY}/")


def _gone(state: str, code: str, parked: str = "") -> Case:
    outcome = Outcome("unavailable", code, 1, parked=parked)
    return Case(state.replace("_", " "), outcome, state)


def _broken(name: str, code: str, state: str = "ok", **fault: Any) -> Case:
    """A failure that stays: tried again once (`max_retries` is 1), then reported."""
    return Case(name, Outcome("failed", code, 2), state, (fault,) if fault else ())


def _mended(name: str, code: str | None, attempts: int, **fault: Any) -> Case:
    return Case(name, Outcome("success", code, attempts), faults=(fault,))


def _blocked(name: str, code: str, reason: str, state: str = "ok", **fault: Any) -> Case:
    return Case(name, Outcome("waiting", code, 0, reason), state, (fault,) if fault else ())


OWN = (
    _gone("private", "E110", "cookies"),
    _gone("deleted", "E111"),
    _gone("copyright_claim", "E111"),
    _gone("geo_blocked", "E112", "proxy"),
    _gone("age_gated", "E113", "cookies"),
    _gone("members_only", "E114", "cookies"),
    _gone("paid", "E115", "cookies"),
    _gone("drm", "E116"),
    _gone("no_recording", "E117"),
    _gone("unavailable", "E118"),
    Case("premiere", Outcome("unavailable", "E120", 0), "upcoming"),
    Case("live", Outcome("waiting", "E121", 0), "live"),
    _broken("page needs to be reloaded", "E130", "reload"),
    _broken("not on this app", "E130", "not_on_app"),
    _broken("no formats", "E131", "no_formats"),
    _broken("words nobody knows", "E139", "unheard_of"),
    _broken("trailer instead of the film", "E134", "trailer"),
    _broken("media refused for good", "E135", kind="media", status=403),
    _broken("media that are gone", "E132", kind="media", status=404),
    _broken("media that are none", "E213", kind="media", status=200, body="rubbish"),
    Case(
        "silence in the middle",
        Outcome("waiting", "E141", 0),
        faults=({"kind": "media", "hang": True},),
    ),
    Case(
        "YouTube answers 503",
        Outcome("waiting", "E140", 0),
        faults=({"kind": "[wp]*", "status": 503},),
    ),
    _mended("YouTube answers 503 for a moment", None, 1, kind="[wp]*", status=503, times=2),
    _mended("media URL expired", None, 1, kind="media", status=403, times=1),
    _mended("transfer cut", None, 1, kind="media", cut_after=100_000, times=1),
    _mended("transfer ends early", None, 1, kind="media", truncate_to=100_000, times=1),
    Case("disk full", Outcome("waiting", "E201", 0), disk="ENOSPC"),
    Case("disk read-only", Outcome("waiting", "E227", 0), disk="EROFS"),
    Case("disk failing", Outcome("waiting", "E223", 0), disk="EIO"),
    Case("share stale", Outcome("waiting", "E223", 0), disk="ESTALE"),
    Case("share gone", Outcome("waiting", "E221", 0), disk="ENOTCONN"),
    Case("permission taken away", Outcome("waiting", "E222", 0), disk="EACCES"),
    Case("too many open files", Outcome("waiting", "E228", 0), disk="EMFILE"),
    Case("no file locks", Outcome("waiting", "E226", 0), disk="ENOLCK"),
    Case("another file system", Outcome("waiting", "E225", 0), disk="EXDEV"),
    Case("file too large", Outcome("failed", "E224", 1), disk="EFBIG"),
    Case("file gone", Outcome("failed", "E229", 2), disk="ENOENT"),
    Case("name too long", Outcome("failed", "E203", 2), disk="ENAMETOOLONG"),
)
"""Failures of one video: all of them run at the same time."""

SHARED = (
    _blocked("rate limit (curly apostrophe)", "E101", "rate_limited", "rate_limited"),
    _blocked("rate limit (straight)", "E101", "rate_limited", "rate_limited_plain"),
    _blocked("429", "E101", "rate_limited", kind="[wp]*", status=429, retry_after=7200),
    _blocked("bot check", "E102", "bot_check", "bot_check"),
    _blocked("captcha", "E102", "bot_check", "captcha"),
    _blocked("IP block", "E103", "ip_blocked", "ip_blocked"),
)
"""Failures of the address: each stops the whole queue."""

PROGRAMS = Path(__file__).with_name("programs")
MACHINE = (
    Case(
        "cookies that are none",
        Outcome("failed", "E133", 1, parked="cookies"),
        machine=(("YTARCHIVE_NETWORK__COOKIES_FILE", "/dev/null"),),
    ),
    Case(
        "no ffmpeg",
        Outcome("failed", "E204", 1),
        machine=(("PATH", "/nowhere"), ("IMAGEIO_FFMPEG_EXE", "/nowhere")),
    ),
    Case(
        "an ffmpeg that fails",
        Outcome("failed", "E205", 2),
        machine=(
            ("PATH", f"{PROGRAMS}:{os.environ['PATH']}"),
            ("REAL_FFMPEG", ffmpeg_program()),
        ),
    ),
)
"""Failures of the machine: each on a separate server."""
