"""What a file of cookies is good for, without asking anybody."""

import stat
import time
import warnings
from datetime import UTC, datetime
from http.cookiejar import LoadError, MozillaCookieJar
from pathlib import Path

from pydantic import Field

from ytarchive.common.errors import CookiesInvalid
from ytarchive.common.models import Model, UtcDatetime

_SITE = "youtube.com"
# yt-dlp takes an account for signed in if it has the first and one of the others.
_LOGIN = "LOGIN_INFO"
_SESSION = frozenset({"SAPISID", "__Secure-1PAPISID", "__Secure-3PAPISID"})


class CookiesReport(Model):
    """A file of cookies that yt-dlp can read."""

    is_signed_in: bool = Field(description="Whether an account's cookies for YouTube are in it")
    has_expired: bool = Field(description="Whether those are too old")
    expires_at: UtcDatetime | None = Field(default=None, description="The first of them to go")
    is_private: bool = Field(description="Whether nobody but its owner can read it")


def cookies_report(path: Path) -> CookiesReport:
    """Look into a file. Raises CookiesInvalid if it cannot be read or is of another format."""
    jar = MozillaCookieJar()
    try:
        mode = path.stat().st_mode
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it takes a line that is none for a fault of its own
            jar.load(str(path), ignore_discard=True, ignore_expires=True)
    except (LoadError, UnicodeDecodeError):
        raise CookiesInvalid(f"{path} is not a cookies file of the Netscape format") from None
    except OSError as error:
        raise CookiesInvalid(f"{path} cannot be read: {error.strerror}") from error
    account = {
        cookie.name: float(cookie.expires or 0)
        for cookie in jar
        if cookie.domain.removeprefix(".").removeprefix("www.") == _SITE
        and cookie.name in {_LOGIN, *_SESSION}
    }
    ends = [end for end in account.values() if end]  # 0 is a cookie without an end
    return CookiesReport(
        is_signed_in=_LOGIN in account and bool(_SESSION & account.keys()),
        has_expired=bool(ends) and min(ends) < time.time(),
        expires_at=datetime.fromtimestamp(min(ends), UTC) if ends else None,
        is_private=not mode & (stat.S_IRWXG | stat.S_IRWXO),
    )
