"""Keeps secrets out of everything that is logged."""

import re
from typing import Any
from urllib.parse import quote

from pydantic import SecretStr
from pydantic_core import to_json

MASK = "***"

_SHORTEST = 4
"""Shorter registered values would blot out ordinary words."""

_NAMES = r"api[_-]?key|x-goog-api-key|(?:access|refresh|auth|id)?_?token|passw(?:or)?d|secret"
_COOKIES = r"LOGIN_INFO|(?:__Secure-[\w-]+|[A-Z]{0,3}SID|SAPISID|APISID|[A-Z]?SIDCC|[A-Z]?SIDTS)"

_PATTERNS = (
    # Cookie: a=b; c=d (a header, or one in a printed mapping), and lines of a cookies file
    r"""(?i:\b(?:set-)?cookie["']?\s*[:=]\s*["']?)(?P<cookies>[^"'\r\n]+)""",
    r"\t(?:TRUE|FALSE)\t[^\t\n]*\t(?:TRUE|FALSE)\t\d+\t[^\t\n]+\t(?P<netscape>[^\s]+)",
    rf"(?<![\w-])(?:{_COOKIES})=(?P<cookie>[^\s;,\"'&]+)",
    # Authorization: Bearer …, and the credentials alone
    r"""(?i:\bauthorization["']?\s*[:=]\s*["']?(?:[a-z]+\s+)?)(?P<credentials>[^\s"',;]+)""",
    r"(?i:\bbearer\s+)(?P<bearer>[\w.~+/=-]{8,})",
    # key=… in addresses and arguments; longer names also as `"token": "…"`
    r"""(?i:(?<![a-z])key=)(?P<key>[^\s&"',;)}\]]+)""",
    rf"""(?i:(?:{_NAMES})["']?\s*[:=]\s*["']?)(?P<named>[^\s&"',;)}}\]]+)""",
    # https://user:password@host
    r"(?i:\b[a-z][a-z0-9+.-]{0,15}://[^\s/:@]*:)(?P<password>[^\s/]+)@",
    # keys and tokens of Google's, wherever they stand
    r"(?P<google>AIza[\w-]{30,}|ya29\.[\w-]+)",
)
_SECRET = re.compile("|".join(_PATTERNS))
_SIGNS = (
    "key", "token", "auth", "bearer", "cookie", "passw", "secret", "sid", "login_info", "__secure",
    "://", "aiza", "ya29", "\ttrue\t", "\tfalse\t", r"\ttrue\t", r"\tfalse\t",
)  # fmt: skip
_SECRET_NAME = re.compile(rf"(?i)(?:{_NAMES}|authorization|(?:set-)?cookies?|key)")

_registered: tuple[str, ...] = ()


def register_secret(secret: SecretStr | None) -> None:
    """From now on, mask this value wherever it is logged, also when it is percent-encoded."""
    global _registered  # noqa: PLW0603  # one process has one set of secrets
    value = secret.get_secret_value() if secret is not None else ""
    if len(value) >= _SHORTEST:
        in_json = to_json(value).decode()[1:-1]
        forms = {value, in_json, quote(value, safe=""), *_registered}
        _registered = tuple(sorted(forms, key=len, reverse=True))


def mask(text: str) -> str:
    """`text` with every secret in it replaced by `***`."""
    if may_hold_secret(text):  # the patterns are slow, and few texts need them
        for value in _registered:
            text = text.replace(value, MASK)
        text = _SECRET.sub(_masked_match, text)
    return text


def may_hold_secret(text: str) -> bool:
    """Quick, and never wrongly False; for plain text, and for text inside JSON."""
    lowered = text.lower()
    return any(sign in lowered for sign in _SIGNS) or any(value in text for value in _registered)


def mask_value(value: Any) -> Any:
    """JSON with every secret masked: in texts, and whatever stands under a telling name."""
    match value:
        case str():
            return mask(value)
        case dict():
            return {key: _mask_field(key, inner) for key, inner in value.items()}
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
