"""Removes secrets from log entries."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from urllib.parse import quote, quote_plus, unquote

from ytarchive.common.config import Settings

MASK = "***"

_SHORTEST = 4
"""Shorter registered values would mask ordinary words."""

_NAMES = r"api[_-]?key|x-goog-api-key|(?:access|refresh|auth|id)?_?token|passw(?:or)?d|secret"
_COOKIES = r"LOGIN_INFO|(?:__Secure-[\w-]+|[A-Z]{0,3}SID|SAPISID|APISID|[A-Z]?SIDCC|[A-Z]?SIDTS)"


def _value(name: str, bare: str) -> str:
    """Return the pattern of a named value, in quotes (also in nested JSON) or as `bare`."""
    return (
        r"""(?:\\*["'])?\s*[:=]\s*[\[({]{0,3}(?:"""
        rf"""\"(?P<{name}_double>(?:\\.|[^"\\\r\n])*)"""
        rf"""|'(?P<{name}_single>(?:\\.|[^'\\\r\n])*)"""
        rf"""|\\{{1,9}}["'](?P<{name}_escaped>[^"'\r\n]*?)(?=\\{{0,9}}["']|[\r\n]|$)"""
        rf"""|(?P<{name}_bare>{bare}))"""
    )


_WORD = r"""[^\s&"',;)}\]]+"""
_LINE = r"""[^"'\r\n]+"""

_PATTERNS = (
    # Cookie: a=b; c=d (a header, or one in a printed mapping), and lines of a cookies file
    rf"(?i:\b(?:set-)?cookie{_value('cookies', _LINE)})",
    r"\t(?:TRUE|FALSE)\t[^\t\n]*\t(?:TRUE|FALSE)\t\d+\t[^\t\n]+\t(?P<netscape>[^\s]+)",
    rf"(?<![\w-])(?:{_COOKIES}){_value('cookie', _WORD)}",
    # Authorization with any scheme and credentials, and bearer tokens alone
    rf"(?i:\bauthorization{_value('credentials', _LINE)})",
    r"(?i:\bbearer\s+)(?P<bearer>[\w.~+/=-]{8,})",
    # key=… in addresses and arguments; longer names also as `"token": "…"`
    r"""(?i:(?<![a-z])key=)(?P<key>[^\s&"',;)}\]]+)""",
    rf"(?i:(?:{_NAMES}){_value('named', _WORD)})",
    # https://user:password@host
    r"(?i:\b[a-z][a-z0-9+.-]{0,15}://)(?P<user>[^\s/?#]+)@",
    # the key in the address of a podcast feed
    r"/feeds/[\w-]+/(?P<feed>[\w~%.-]{16,})",
    # keys and tokens of Google at any place
    r"(?P<google>AIza[\w-]{30,}|ya29\.[\w-]+)",
)
_SECRET = re.compile("|".join(_PATTERNS))
_SIGNS = (
    "key", "token", "auth", "bearer", "cookie", "passw", "secret", "sid", "login_info", "__secure",
    "://", "/feeds/", "aiza", "ya29", "\ttrue\t", "\tfalse\t", r"\ttrue\t", r"\tfalse\t",
)  # fmt: skip
_SECRET_NAME = re.compile(rf"(?i)(?:{_NAMES}|authorization|(?:set-)?cookies?|key)")

_PROXY_PASSWORD = re.compile(r"://[^/?#:]*:([^/?#]*)@")

_registered: tuple[str, ...] = ()


def register_secrets(settings: Settings) -> None:
    """Mask every secret of the settings in all later log entries."""
    secrets = (
        *settings.youtube.secrets(),
        *settings.notifications.secrets(),
        settings.server.token,
    )
    for secret in filter(None, secrets):
        value = secret.get_secret_value()
        register_secret(value)
        register_secret(value.partition("+")[2])  # the token part of a PO token setting
    if settings.network.proxy:
        password = _PROXY_PASSWORD.search(settings.network.proxy)
        if password is not None:
            register_secret(password[1])
            register_secret(unquote(password[1]))


def register_secret(value: str) -> None:
    """Mask a value in all later log entries, in every notation."""
    global _registered  # noqa: PLW0603  # one process has one set of secrets
    if len(value) >= _SHORTEST:
        forms = {form for form in _forms(value) if len(form) >= _SHORTEST}
        _registered = tuple(sorted(forms.union(_registered), key=len, reverse=True))


def _forms(value: str) -> Iterator[str]:
    """Yield a value unchanged and as written in JSON, nested JSON, Python and a URL."""
    yield value
    for ascii_only in (True, False):
        once = json.dumps(value, ensure_ascii=ascii_only)
        yield once[1:-1]
        yield json.dumps(once, ensure_ascii=ascii_only)[3:-3]
    yield repr(value)[1:-1]
    yield ascii(value)[1:-1]
    for escaped in (quote(value, safe=""), quote(value), quote_plus(value)):
        yield escaped
        yield re.sub("%..", lambda found: found[0].lower(), escaped)


def mask(text: str) -> str:
    """Return `text` with every secret replaced by `***`."""
    if may_hold_secret(text):  # the patterns are slow and rarely needed
        for value in _registered:
            text = text.replace(value, MASK)
        text = _SECRET.sub(_masked_match, text)
    return text


def may_hold_secret(text: str) -> bool:
    """Return False if text, plain or in JSON, cannot contain a secret.

    Fast; may return True wrongly.
    """
    return _holds_any(text, _SIGNS, _registered)


def may_hold_secrets(texts: Sequence[str]) -> list[bool]:
    """Return the same for each text.

    They are first searched as one text, because most signs occur in none.
    """
    whole = "\n".join(texts)
    lowered = whole.lower()
    signs = [sign for sign in _SIGNS if sign in lowered]
    values = [value for value in _registered if value in whole]
    if not signs and not values:
        return [False] * len(texts)
    return [_holds_any(text, signs, values) for text in texts]


def _holds_any(text: str, signs: Iterable[str], values: Iterable[str]) -> bool:
    lowered = text.lower()
    return any(sign in lowered for sign in signs) or any(value in text for value in values)


def mask_value(value: Any) -> Any:
    """Return JSON with every secret masked: in texts, and all values under a secret's name."""
    match value:
        case str():
            return mask(value)
        case dict():
            return {mask(key): _mask_field(key, inner) for key, inner in value.items()}
        case list():
            return [mask_value(inner) for inner in value]
        case _:
            return value


def _mask_field(name: str, value: Any) -> Any:
    if value and _SECRET_NAME.fullmatch(name):
        return MASK
    return mask_value(value)


def _masked_match(found: re.Match[str]) -> str:
    start, end = found.span(found.lastgroup or 0)
    whole = found.group()
    return whole[: start - found.start()] + MASK + whole[end - found.start() :]
