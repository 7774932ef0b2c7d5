"""Types of settings that pydantic does not have, and the base of the sections."""

import os
import re
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.request import getproxies, proxy_bypass

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ByteSize,
    ConfigDict,
    SecretStr,
    TypeAdapter,
    ValidationInfo,
    field_validator,
)

_YOUTUBE = "www.youtube.com"


class Section(BaseModel):
    """Base of the sections; an unknown setting is rejected by name."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    @field_validator("*", mode="before")
    @classmethod
    def _is_not_bool_for_number(cls, value: Any, info: ValidationInfo) -> Any:
        """Reject `true` for a number, which pydantic would read as 1."""
        wanted = cls.model_fields[str(info.field_name)].annotation
        if isinstance(value, bool) and wanted in {int, float}:
            raise ValueError("must be a number, not true or false")
        return value


def split(value: object) -> object:
    """Return a text with commas as a list, and any other value unchanged."""
    return [part.strip() for part in value.split(",")] if isinstance(value, str) else value


Names = Annotated[list[str], BeforeValidator(split)]
"""A list; an environment variable may be `a,b` or `["a", "b"]`."""


def _named(path: Any) -> Any:
    """Return the path; raise ValueError for an empty one, which would be the current folder."""
    if path == "":
        raise ValueError("must not be empty")
    return path


def _resolved(path: Path) -> Path:
    """Resolve `~` and a relative path once; after that, no component expands anything."""
    try:
        return path.expanduser().absolute()
    except RuntimeError:
        raise ValueError("begins with ~, but there is no home folder; give the full path") from None


UserPath = Annotated[Path, BeforeValidator(_named), AfterValidator(_resolved)]
Folders = Annotated[list[UserPath], BeforeValidator(split)]


_BYTES: TypeAdapter[int] = TypeAdapter(ByteSize)
_SIZE = re.compile(r"-?[0-9]*\.?[0-9]+[a-z]*", re.IGNORECASE)


def _bytes(value: object) -> object:
    """Return a size in bytes; text may have a unit."""
    try:
        found = _size(value) if isinstance(value, str) else value
    except ValueError:
        raise ValueError(
            "must be a size such as 500MB, 1GB or 2GiB, or a number of bytes"
        ) from None
    if isinstance(found, int | float) and not found <= 2**63 - 1:
        raise ValueError("must be a size below 2^63 bytes")
    return found


def _size(given: str) -> int:
    text = given.replace(" ", "")
    if not _SIZE.fullmatch(text):  # pydantic ignores what follows the unit
        raise ValueError
    return int(_BYTES.validate_python(text))


Size = Annotated[int, BeforeValidator(_bytes)]
"""Bytes: a whole number, or text with a unit such as `1GB` (10^9) or `1GiB` (2^30)."""

_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d|w)")
_DURATION = re.compile(rf"(?:{_PART.pattern})+")
_LONGEST = 100 * 366 * 86_400


def _duration(unit: str) -> BeforeValidator:
    """Return a validator of durations; a number without unit is in `unit`."""

    def read(value: object) -> object:
        found = _number(value, unit) if isinstance(value, str) else value
        if isinstance(found, int | float) and not abs(found) <= _LONGEST / _SECONDS[unit]:
            raise ValueError("must be a duration of at most 100 years")
        return found

    return BeforeValidator(read)


def _number(given: str, unit: str) -> float:
    text = given.replace(" ", "").lower()
    if _DURATION.fullmatch(text):
        seconds = sum(float(n) * _SECONDS[name] for n, name in _PART.findall(text))
        return seconds / _SECONDS[unit]
    try:
        return float(text)
    except ValueError:
        what = {"s": "seconds", "d": "days"}[unit]
        form = f"must be a duration such as 90s, 15m, 2h or 7d, or a number of {what}"
        raise ValueError(form) from None


Seconds = Annotated[float, _duration("s")]
"""Seconds: a number, or text with units such as `90s`, `2h` or `1h30m`."""

Days = Annotated[float, _duration("d")]
"""Days: a number, or text with units such as `12h`, `7d` or `2w`."""


def _matching(pattern: str, form: str) -> AfterValidator:
    """Return a validator of text that matches a pattern; `form` describes the pattern."""
    compiled = re.compile(pattern)

    def check(value: str) -> str:
        if not compiled.fullmatch(value):
            raise ValueError(f"must be {form}")
        return value

    return AfterValidator(check)


ProxyUrl = Annotated[
    str,
    _matching(
        r"(https?|socks(4a?|5h?))://\S+",
        "the URL of a proxy, such as http://127.0.0.1:3128 or socks5://127.0.0.1:1080",
    ),
]
ServiceUrl = Annotated[str, _matching(r"https?://\S+", "a URL such as http://127.0.0.1:8002")]
BareUrl = Annotated[
    str, _matching(r"https?://[^/\s@]+/?", "a URL such as http://127.0.0.1:4416, without path")
]
PublicUrl = Annotated[
    str,
    _matching(r"https?://[\w.\[\]:-]+/?", "a URL such as https://nas.example:8000, without path"),
]
FolderName = Annotated[
    str,
    _matching(
        r"(?!\.{1,2}$|\.ytarchive)[\w.-]+",
        "the name of one folder, of letters, digits and . _ -, that is not ytarchive's own",
    ),
]
LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]


def _token(secret: SecretStr) -> SecretStr:
    """Check a token for the characters of YouTube's tokens; the message omits the secret."""
    if not re.fullmatch(r"[\w.+=%|-]+", secret.get_secret_value(), re.ASCII):
        raise ValueError("must consist of letters, digits and . _ - + = % |")
    return secret


Token = Annotated[SecretStr, AfterValidator(_token)]
Tokens = Annotated[list[Token], BeforeValidator(split)]


def secret_from(variable: str) -> SecretStr | None:
    """Return the secret in another program's environment variable."""
    value = os.environ.get(variable, "").strip()
    return SecretStr(value) if value else None


def proxy_from_environment() -> str | None:
    """Return the proxy of the environment for YouTube; None if `NO_PROXY` exempts YouTube."""
    found = getproxies()
    proxy = found.get("https") or found.get("all")
    if not proxy or proxy_bypass(_YOUTUBE):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"
