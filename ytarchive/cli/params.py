"""Arguments that are checked before anything is opened: ids, moments, names, numbers."""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import click
from pydantic import BaseModel

from ytarchive.cli.failure import USAGE, Failure
from ytarchive.cli.session import failure
from ytarchive.common.errors import InvalidIdentifier, NotFound, YTArchiveError
from ytarchive.common.identifiers import parse_channel, parse_playlist_id, parse_video_id

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_SHOWN_AT_ONCE = 5


class Identifier(click.ParamType):  # type: ignore[type-arg]  # generic only from click 8.4 on
    """An id or address, reduced by `parse` to the id."""

    def __init__(self, name: str, parse: Callable[[str], str]) -> None:
        self.name = name
        self.parse = parse

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The id. Raises Failure."""
        try:
            return self.parse(value)
        except YTArchiveError as error:
            raise Failure(
                error.message + _meant_instead(self.parse, value),
                remedy=error.remedy,
                exit_code=USAGE,
                code=error.code,
            ) from None


def _meant_instead(parse: Callable[[str], str], value: str) -> str:
    """A hint for those who give a playlist to `download`."""
    if parse is not parse_video_id:
        return ""
    try:
        parse_playlist_id(value)
    except InvalidIdentifier:
        return ""
    return "; it is a playlist or channel: `ytarchive playlist` archives those"


def parse_any(text: str) -> str:
    """The id of a video, else of a channel, else of a playlist. Raises InvalidIdentifier."""
    for parse in (parse_video_id, parse_channel):
        try:
            return parse(text)
        except InvalidIdentifier:
            continue
    try:
        return parse_playlist_id(text)
    except InvalidIdentifier as error:
        message = error.message.replace("playlist or channel", "video, playlist or channel")
        raise InvalidIdentifier(message) from None


def _parse_own_id(text: str) -> str:
    if re.fullmatch(r"[A-Za-z0-9_-]{1,64}", text.strip()):
        return text.strip()
    raise NotFound(f"{text!r} is not the id of a job or work plan")


VIDEO = Identifier("video", parse_video_id)
LIST = Identifier("list", parse_playlist_id)
ANY = Identifier("id", parse_any)
OWN_ID = Identifier("id", _parse_own_id)


class Moment(click.ParamType):  # type: ignore[type-arg]  # generic only from click 8.4 on
    """A moment: ISO 8601 (without a zone: of this machine), or a time ago such as `90m`."""

    name = "moment"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """The moment in UTC."""
        ago = re.fullmatch(r"(\d{1,6})([smhdw])", value.strip().lower())
        if ago:
            return datetime.now(UTC) - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        try:
            return datetime.fromisoformat(value.strip()).astimezone(UTC)
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is neither a time ago, such as 1h, nor an ISO 8601 time.")


class Names(click.ParamType):  # type: ignore[type-arg]  # generic only from click 8.4 on
    """Names separated by commas, each one of `known` if that is given."""

    name = "names"

    def __init__(self, known: Iterable[str] | None = None) -> None:
        self.known = list(known) if known is not None else None

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> list[str]:
        """The names, in order, each once."""
        names = list(dict.fromkeys(name.strip() for name in value.split(",") if name.strip()))
        unknown = [name for name in names if self.known is not None and name not in self.known]
        if unknown or not names:
            known = f"; known are {', '.join(self.known)}" if self.known else ""
            self.fail(f"{', '.join(unknown) or value!r} cannot be used{known}")
        return names


def range_of(model: type[BaseModel], field: str) -> click.IntRange:
    """The numbers that a field of the API takes."""
    schema = model.model_json_schema()["properties"][field]
    return click.IntRange(schema.get("minimum"), schema.get("maximum"))


def batch_file(kind: Identifier) -> Callable[[Any], Any]:
    """The option `-a FILE` whose value is the list of ids in that file."""

    def read(context: click.Context, parameter: click.Parameter, file: Any) -> list[str]:
        if file is None:
            return []
        with file:
            return _ids_in(file, kind.parse)

    return click.option(
        "-a", "--batch-file", type=click.File("r", encoding="utf-8", errors="replace"),
        callback=read, metavar="FILE",
        help="Read ids or addresses from a file, one a line; - is standard input, # a comment.",
    )  # fmt: skip


def _ids_in(lines: Iterable[str], parse: Callable[[str], str]) -> list[str]:
    """Every id of a batch file, or a Failure that names the lines which are none."""
    found, bad = [], []
    for number, line in enumerate(lines, 1):
        text = re.split(r"(?:^|\s)#", line.removeprefix("\ufeff"), maxsplit=1)[0].strip()
        if not text:
            continue
        try:
            found.append(parse(text))
        except InvalidIdentifier as error:
            bad.append(f"line {number}: {error.message}")
    if bad:
        more = f"; and {len(bad) - _SHOWN_AT_ONCE} more" if len(bad) > _SHOWN_AT_ONCE else ""
        raise failure(InvalidIdentifier(f"{'; '.join(bad[:_SHOWN_AT_ONCE])}{more}"))
    return found
