"""Checks a cookies file without requests."""

import codecs
import re
import stat
import time
import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from http.cookiejar import LoadError, MozillaCookieJar
from pathlib import Path

from pydantic import Field

from ytarchive.common.errors import CookiesInvalid
from ytarchive.common.models import Model, UtcDatetime
from ytarchive.common.regular import read_regular

_SITE = "youtube.com"
_MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_HEADER = re.compile(r"#( Netscape)? HTTP Cookie File")
_FIELDS = 7
# yt-dlp treats an account as signed in with the first and one of the others.
_LOGIN = "LOGIN_INFO"
_SESSION = frozenset({"SAPISID", "__Secure-1PAPISID", "__Secure-3PAPISID"})


class CookiesReport(Model):
    """A cookies file that yt-dlp can read."""

    is_signed_in: bool = Field(description="Whether it has cookies of an account for YouTube")
    has_expired: bool = Field(description="Whether these have expired")
    expires_at: UtcDatetime | None = Field(
        default=None, description="When the first of them expires"
    )
    is_private: bool = Field(description="Whether only its owner can read it")


def require_cookies(path: Path) -> None:
    """Raise CookiesInvalid, with the reason in one sentence, if no cookie can be read.

    The message contains no value of a cookie. The format is Netscape's, as read by curl and yt-dlp.
    """
    try:
        content = read_regular(path, follow_links=True)
    except OSError as error:
        raise CookiesInvalid(f"{path} cannot be read: {error.strerror}") from error
    fault = _fault(content)
    if fault is not None:
        raise CookiesInvalid(f"{path} {fault}")


def _fault(content: bytes) -> str | None:
    if any(content.startswith(mark) for mark in _MARKS):
        return "begins with a byte order mark (BOM): save it as UTF-8 without one"
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return "is not UTF-8 text, so it is no cookies file"
    return next((fault for is_so, fault in _FAULTS if is_so(text)), None)


def _cookies(text: str) -> list[str]:
    lines = [line.removeprefix("#HttpOnly_") for line in text.splitlines()]
    return [line for line in lines if line.strip() and not line.startswith("#")]


def _has_fields(text: str, separator: str | None) -> bool:
    return any(len(line.split(separator)) == _FIELDS for line in _cookies(text))


def _is_usable(line: str) -> bool:
    """Return whether yt-dlp takes a line as a cookie for YouTube."""
    fields = line.split("\t")
    if len(fields) != _FIELDS:
        return False
    domain, expires = fields[0].removeprefix("."), fields[4]
    is_of_site = domain == _SITE or domain.endswith(f".{_SITE}")
    return is_of_site and (not expires or expires.isdecimal())


def _has_expired(line: str) -> bool:
    """Return whether yt-dlp no longer sends a usable cookie; 0 means a cookie without expiry."""
    expires = int(line.split("\t")[4] or 0)
    return 0 < expires < time.time()


_FAULTS: tuple[tuple[Callable[[str], bool], str], ...] = (
    (lambda text: not text.strip(), "is empty"),
    (
        lambda text: text.lstrip()[0] in "[{",
        "is a JSON export: export it in the Netscape format (cookies.txt) instead",
    ),
    (lambda text: not _cookies(text), "has no cookies, only comments"),
    *(
        (
            lambda text, separator=separator: (
                not _has_fields(text, "\t") and _has_fields(text, separator)
            ),
            f"separates its fields by {name}: the Netscape format has tabs",
        )
        for separator, name in ((None, "spaces"), (";", "semicolons"), (",", "commas"))
    ),
    (
        lambda text: not _has_fields(text, "\t"),
        "is not a cookies file of the Netscape format: no line has seven fields",
    ),
    (
        lambda text: not _HEADER.match(text),
        "does not begin with the line `# Netscape HTTP Cookie File`: add it",
    ),
    (
        lambda text: not any(map(_is_usable, _cookies(text))),
        f"has no cookie for {_SITE} that can be read",
    ),
    (
        lambda text: all(map(_has_expired, filter(_is_usable, _cookies(text)))),
        f"has only expired cookies for {_SITE}",
    ),
)
"""The possible problems of the text, in the order of the checks."""


def cookies_report(path: Path) -> CookiesReport:
    """Check a file. Raises CookiesInvalid if it cannot be read or has another format."""
    require_cookies(path)
    jar = MozillaCookieJar()
    try:
        mode = path.stat().st_mode
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it treats an invalid line as an internal error
            jar.load(str(path), ignore_discard=True, ignore_expires=True)
    except (LoadError, UnicodeDecodeError):
        message = f"{path} is not a cookies file of the Netscape format: a line cannot be read"
        raise CookiesInvalid(message) from None
    except OSError as error:
        raise CookiesInvalid(f"{path} cannot be read: {error.strerror}") from error
    account = {
        cookie.name: float(cookie.expires or 0)
        for cookie in jar
        if cookie.domain.removeprefix(".").removeprefix("www.") == _SITE
        and cookie.name in {_LOGIN, *_SESSION}
    }
    ends = [end for end in account.values() if end]  # 0 means a cookie without expiry
    return CookiesReport(
        is_signed_in=_LOGIN in account and bool(_SESSION & account.keys()),
        has_expired=bool(ends) and min(ends) < time.time(),
        expires_at=datetime.fromtimestamp(min(ends), UTC) if ends else None,
        is_private=not mode & (stat.S_IRWXG | stat.S_IRWXO),
    )
