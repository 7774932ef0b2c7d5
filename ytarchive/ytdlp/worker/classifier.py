"""Classifies yt-dlp's failures by a table; the first matching row decides.

The order matters: the rate-limit message starts with "Video unavailable", and private, age and bot
texts all say "sign in". YouTube's own words come from its servers in English (yt-dlp sends hl=en),
yt-dlp's from its source. Nothing here imports yt-dlp, so the table can be read and tested alone.
"""

import errno
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from ytarchive.common import errors
from ytarchive.common.disk import CAUSES
from ytarchive.common.errors import YTArchiveError
from ytarchive.common.models import utc_now
from ytarchive.ytdlp.worker.messages import LED_ELSEWHERE, clean, normalise


@dataclass(frozen=True)
class Facts:
    """A failure: its text, and facts from its chain of exceptions."""

    text: str
    kinds: frozenset[str] = frozenset()
    status: int | None = None
    errno: int | None = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """A row: an error class, and the texts (normalised) or facts that identify it."""

    error: type[YTArchiveError]
    texts: tuple[str, ...] = ()
    holds: Callable[[Facts], bool] = lambda facts: False

    def matches(self, facts: Facts) -> bool:
        """Return whether this row describes the failure."""
        return self.holds(facts) or any(text in facts.text for text in self.texts)


_TRANSPORT = {
    "TransportError",
    "ProxyError",
    "SSLError",
    "IncompleteRead",
    "CertificateVerifyError",
    "ConnectionError",
    "TimeoutError",
    "gaierror",
}
_FILE = {errno.ENAMETOOLONG, errno.EISDIR}


def _local(error: type[YTArchiveError], *texts: str) -> Row:
    """Return a row for a cause on this machine, by texts and errno values.

    A firewall refuses connections with the same text, so texts about connections are excluded.
    """

    def holds(facts: Facts) -> bool:
        is_named = CAUSES.get(facts.errno or 0) is error or any(t in facts.text for t in texts)
        return is_named and not facts.kinds & _TRANSPORT

    return Row(error, holds=holds)


TABLE: tuple[Row, ...] = (
    Row(
        errors.RateLimited,
        (
            "this content isn't available, try again later",
            "has been rate-limited by youtube",
            "http error 429",
        ),
        lambda facts: facts.status == 429,
    ),
    Row(errors.BotCheck, ("confirm you're not a bot", "captcha challenge before playback")),
    Row(errors.IpBlocked, ("your ip is likely being blocked",)),
    Row(
        errors.UpcomingVideo,
        (
            "premieres in",
            "premiere will begin shortly",
            "this live event will begin",
            "this live event has not started",
        ),
    ),
    Row(
        errors.LiveVideo,
        ("offline.", "we're processing this video", "is not currently live"),
        lambda facts: "UserNotLive" in facts.kinds,
    ),
    Row(
        errors.AgeRestricted,
        (
            "confirm your age",
            "age-restricted",
            "inappropriate for some users",
            "viewer discretion is advised",
        ),
    ),
    Row(
        errors.MembersOnly,
        ("join this channel", "members-only content", "available to this channel's members"),
    ),
    Row(errors.PaymentRequired, ("premium members", "requires payment")),
    Row(
        errors.PrivateVideo,
        ("private video", "this video is private"),
    ),
    Row(
        errors.RegionBlocked,
        (
            "not made this video available in your country",
            "who has blocked it in your country",
            "not available in your country",
            "due to geo restriction",
        ),
        lambda facts: "GeoRestrictedError" in facts.kinds,
    ),
    Row(
        errors.DeletedVideo,
        (
            "removed by the uploader",
            "has been removed for violating",
            "account associated with this video has been terminated",
            "closed their youtube account",
            "copyright claim",
            "blocked it on copyright grounds",
            "terms of service",
            "community guidelines",
        ),
    ),
    Row(errors.RecordingUnavailable, ("live stream recording is not available",)),
    Row(errors.DrmProtected, ("drm protected",)),
    Row(
        errors.ExtractorBroken,
        (
            "not available on this app",
            "no longer supported in this application or device",
            "no longer supported on this application or device",
            "page needs to be reloaded",
            "failed to extract any player response",
        ),
    ),
    Row(
        errors.NoFormats,
        (
            "no video formats found",
            "requested format is not available",
            "only images are available",
        ),
    ),
    # A full disk also looks like an interrupted download, so causes on this machine come first.
    _local(errors.DiskFull, "no space left", "disk quota exceeded"),
    _local(errors.PermissionDenied, "permission denied", "operation not permitted"),
    _local(errors.ReadOnlyStorage, "read-only file system"),
    _local(errors.FileTooLarge, "file too large"),
    _local(errors.StaleShare, "stale file handle", "input/output error"),
    _local(errors.StorageGone, "transport endpoint is not connected", "no such device"),
    _local(errors.CrossDevice, "invalid cross-device link"),
    _local(errors.LocksUnavailable, "no locks available"),
    _local(errors.TooManyOpenFiles, "too many open files"),
    _local(errors.FileGone, "no such file or directory"),
    Row(errors.FileFailure, ("file name too long",), lambda facts: facts.errno in _FILE),
    Row(
        errors.StaleUrl,
        (
            "unable to download video data: http error 403",
            "unable to download video data: http error 404",
            "unable to download video data: http error 410",
            "unable to download video data: http error 416",
            "fragment",
            "did not get any data blocks",
            "content too short",
            "the downloaded file is empty",
        ),
        lambda facts: "ContentTooShortError" in facts.kinds,
    ),
    Row(
        errors.NetworkFailure,
        (
            "timed out",
            "failed to resolve",
            "incomplete data received",
            "incomplete yt initial data",
            "unable to connect to proxy",
            "connection refused",
            "connection reset",
            "certificate verify failed",
            "http error 5",
            "failed to parse json",  # a web page was sent, as by a network that requires a log-in
            LED_ELSEWHERE,
        ),
        lambda facts: (
            bool(facts.kinds & _TRANSPORT) or (facts.status is not None and facts.status >= 500)
        ),
    ),
    Row(
        errors.CookiesInvalid,
        (
            "does not look like a netscape format",
            "failed to load cookies",
            "cookies are no longer valid",
        ),
        lambda facts: "CookieLoadError" in facts.kinds,
    ),
    Row(
        errors.ToolMissing,
        ("ffmpeg is not installed", "ffprobe and ffmpeg not found", "ffmpeg not found"),
    ),
    Row(
        errors.ToolFailed,
        ("postprocessing", "error opening output", "conversion failed"),
        lambda facts: "PostProcessingError" in facts.kinds,
    ),
    Row(
        errors.SourceGone,
        (
            "playlist does not exist",
            "channel/playlist does not exist",
            "this channel does not exist",
            "this channel is not available",
            "this channel was removed",
            "playlist type is unviewable",
            "this playlist is private",
            "unable to recognize tab page",
        ),
        lambda facts: "does not have a" in facts.text and " tab" in facts.text,
    ),
    Row(
        errors.InvalidIdentifier,
        ("incomplete youtube id", "unsupported url", "no suitable extractor"),
    ),
    Row(
        errors.VideoUnavailable,
        (
            "video unavailable",
            "this video is unavailable",
            "this video is not available",
            "this video isn't available anymore",
            "this video is no longer available",
        ),
    ),
    Row(errors.UnknownFailure, holds=lambda facts: True),
)


_VAGUE = (errors.ExtractorBroken, errors.NoFormats, errors.UnknownFailure)
_SPECIFIC = (errors.Blocked, errors.NetworkFailure, errors.CookiesInvalid)


def classify(failure: BaseException, warnings: Sequence[str] = ()) -> YTArchiveError:
    """Return the error for an exception of yt-dlp, with a message for people.

    yt-dlp only warns when one of its requests for the player fails, and then reports a missing
    player response: for such a vague failure its warnings decide.
    """
    known = next((each for each in _chain(failure) if isinstance(each, YTArchiveError)), None)
    if known is not None:
        return known
    facts = facts_of(failure)
    found = _error(str(failure), facts)
    if isinstance(found, _VAGUE) and warnings:
        candidates = (_error(text, Facts(normalise(text))) for text in reversed(warnings))
        found.details["warnings"] = [clean(text) for text in warnings[-5:]]
        return next((error for error in candidates if isinstance(error, _SPECIFIC)), found)
    return found


def _error(message: str, facts: Facts) -> YTArchiveError:
    row = next(row for row in TABLE if row.matches(facts))
    return row.error(clean(message), **_details(row.error, facts))


def facts_of(failure: BaseException) -> Facts:
    """Return the facts about a failure and its causes that the table uses."""
    chain = list(_chain(failure))
    kinds = frozenset(kind.__name__ for each in chain for kind in type(each).__mro__)
    answer = next((each for each in chain if type(each).__name__ == "HTTPError"), None)
    # The errno of a connection is not about files.
    local = [] if kinds & _TRANSPORT else [e.errno for e in chain if isinstance(e, OSError)]
    return Facts(
        text=normalise(str(failure)),
        kinds=kinds,
        status=getattr(answer, "status", None),
        errno=next((number for number in local if number is not None), None),
        headers=_headers(answer) if answer else {},
    )


def _chain(failure: BaseException) -> Iterator[BaseException]:
    """Yield a failure and its causes, as yt-dlp and Python keep them, each once."""
    pending: list[Any] = [failure]
    seen: set[int] = set()
    while pending:
        each = pending.pop(0)
        if not isinstance(each, BaseException) or id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        inner = getattr(each, "exc_info", None) or (None, None, None)
        pending += [inner[1], getattr(each, "cause", None), each.__cause__, *each.args]


def _headers(failure: BaseException) -> dict[str, str]:
    response = getattr(failure, "response", None)
    return {name.lower(): value for name, value in dict(getattr(response, "headers", {})).items()}


_WAIT = re.compile(r"\bin (?:(an?|\d+) (minute|hour|day|week|month)s?|(a few moments))")
_UNITS = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
    "month": timedelta(days=30),
}


def _details(kind: type[YTArchiveError], facts: Facts) -> dict[str, Any]:
    if kind is errors.RateLimited:
        seconds = facts.headers.get("retry-after", "")
        return {"retry_after": int(seconds)} if seconds.isdecimal() else {}
    if kind is errors.UpcomingVideo:
        wait = starts_in(facts.text)
        return {"retry_after": (utc_now() + wait).isoformat()} if wait else {}
    return {}


def starts_in(text: str) -> timedelta | None:
    """Return the time to the start that YouTube's text names, rounded down as YouTube does."""
    found = _WAIT.search(text)
    if found is None:
        return timedelta(minutes=1) if "shortly" in text else None
    number, unit, moments = found.groups()
    if moments:
        return timedelta(minutes=1)
    return _UNITS[unit] * (int(number) if number.isdecimal() else 1)
