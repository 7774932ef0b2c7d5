"""Arguments that are checked before the archive is opened: ids, times, names, numbers."""

import re
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import click
from pydantic import BaseModel, TypeAdapter

from ytarchive.cli.failure import USAGE, Failure
from ytarchive.cli.session import failure
from ytarchive.cli.text import counted, plain
from ytarchive.common.errors import InvalidIdentifier, NotFound, YTArchiveError
from ytarchive.common.identifiers import parse_playlist_id, parse_source, parse_video_id
from ytarchive.common.setting_types import Seconds

_SECONDS: TypeAdapter[float] = TypeAdapter(Seconds)


class Parsed(click.ParamType):  # type: ignore[type-arg]  # generic only from click 8.4 on
    """A value that `parse` reads; the text of its ValueError is shown."""

    def __init__(self, name: str, parse: Callable[[str], Any]) -> None:
        self.name = name
        self.parse = parse

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Parse the value; parsed ones are not changed."""
        try:
            return self.parse(value) if isinstance(value, str) else value
        except ValueError as error:
            self.fail(str(error))


class Identifier(Parsed):
    """An id or URL, reduced to its canonical form by `parse`."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Parse the value. Raises Failure."""
        try:
            return super().convert(value, param, ctx)
        except YTArchiveError as error:
            raise Failure(
                error.message + _other_kind_hint(self.parse, value),
                remedy=error.remedy,
                exit_code=USAGE,
                code=error.code,
            ) from None


def _other_kind_hint(parse: Callable[[str], Any], value: str) -> str:
    """Return a hint for a list given as a video, or a video given as a list."""
    try:
        parse_source(value)
    except InvalidIdentifier:
        return ""
    if parse is parse_video_id:
        return "; it is a playlist or channel: `ytarchive download` archives all of its videos"
    return "; it is a video: `ytarchive download` archives it"


def _parse_own_id(text: str) -> str:
    if re.fullmatch(r"[A-Za-z0-9_-]{1,64}", text.strip()):
        return text.strip()
    raise NotFound(f"{text!r} is not the id of a job or work plan")


VIDEO = Identifier("video", parse_video_id)
LIST = Identifier("list", parse_playlist_id)
ANY = Identifier("id", parse_source)
OWN_ID = Identifier("id", _parse_own_id)


def _moment(text: str) -> datetime:
    ago = re.fullmatch(r"\d{1,6}[smhdw]", text.strip().lower())
    if ago:
        return datetime.now(UTC) - timedelta(seconds=_SECONDS.validate_python(ago[0]))
    try:
        return datetime.fromisoformat(text.strip()).astimezone(UTC)
    except (ValueError, OverflowError):
        message = f"{text!r} is neither a time ago, such as 1h, nor an ISO 8601 time."
        raise ValueError(message) from None


MOMENT = Parsed("moment", _moment)
"""A time in UTC: ISO 8601 (without a zone: of this machine), or a time ago such as `90m`."""


def _next_moment(text: str) -> datetime:
    """Return the next moment of a time of day, or an ISO 8601 time, in UTC."""
    found = re.fullmatch(r"(\d{1,2}):(\d\d)", text.strip())
    try:
        if found is None:
            return datetime.fromisoformat(text.strip()).astimezone(UTC)
        now = datetime.now()  # noqa: DTZ005  # a local time, whose offset may differ tomorrow
        next_one = now.replace(hour=int(found[1]), minute=int(found[2]), second=0, microsecond=0)
        return (next_one + timedelta(days=next_one <= now)).astimezone(UTC)
    except (ValueError, OverflowError):
        message = f"{text!r} is neither a time of day, such as 07:00, nor an ISO 8601 time."
        raise ValueError(message) from None


NEXT_MOMENT = Parsed("moment", _next_moment)
"""A future time in UTC: the next `07:00` of this machine, or ISO 8601."""


def _duration(text: str) -> float:
    try:
        seconds = _SECONDS.validate_python(text)
    except ValueError:
        seconds = 0
    if seconds <= 0:
        raise ValueError(f"{text!r} is not a time such as 90s, 30m or 2h.")
    return seconds


DURATION = Parsed("duration", _duration)
"""A time such as `90s`, `30m` or `2h`, in seconds."""


def names(known: Iterable[str] = ()) -> Parsed:
    """Return the type of names separated by commas, each once, checked against `known` if given."""
    supported = list(known)

    def parse(text: str) -> list[str]:
        found = list(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
        unknown = [name for name in found if supported and name not in supported]
        if unknown or not found:
            hint = f"; known are {', '.join(supported)}" if supported else ""
            raise ValueError(f"{', '.join(unknown) or repr(text)} is not supported{hint}")
        return found

    return Parsed("names", parse)


def range_of(model: type[BaseModel], field: str) -> click.IntRange:
    """Return the range of a numeric field of the API."""
    schema = model.model_json_schema()["properties"][field]
    return click.IntRange(schema.get("minimum"), schema.get("maximum"))


@dataclass(frozen=True)
class AddressBatch:
    """The ids of a batch file, and the error of each invalid line, by number."""

    ids: list[Any] = field(default_factory=list)
    refused: dict[int, str] = field(default_factory=dict)

    def report(self) -> None:
        """Print the invalid lines on standard error."""
        for number, message in self.refused.items():
            click.echo(f"not archived: line {number}: {plain(message)}", file=sys.stderr)

    def summary(self) -> str | None:
        """Return the sentence about invalid lines for the end of a command; None without any."""
        if not self.refused:
            return None
        numbers = ", ".join(map(str, self.refused))
        lines = f"line{'s' if len(self.refused) > 1 else ''} {numbers}"
        return f"{counted(len(self.refused), 'invalid line')} of the file not archived: {lines}."


def batch_file(kind: Identifier) -> Callable[[Any], Any]:
    """Return the option `-a FILE` whose value is the `Batch` in that file."""

    def read(context: click.Context, parameter: click.Parameter, file: Any) -> AddressBatch:
        if file is None:
            return AddressBatch()
        with file:
            return _read_batch(file, kind.parse)

    return click.option(
        "-a", "--batch-file", type=click.File("r", encoding="utf-8", errors="replace"),
        callback=read, metavar="FILE",
        help="Read ids or URLs from a file, one per line; - is standard input, # a comment. "
        "Invalid lines are reported, and the others archived.",
    )  # fmt: skip


def _read_batch(lines: Iterable[str], parse: Callable[[str], Any]) -> AddressBatch:
    """Return every id of a batch file. Raises Failure if no line has one."""
    batch = AddressBatch()
    for number, line in enumerate(lines, 1):
        text = re.split(r"(?:^|\s)#", line.removeprefix("\ufeff"), maxsplit=1)[0].strip()
        if not text:
            continue
        try:
            batch.ids.append(parse(text))
        except InvalidIdentifier as error:
            batch.refused[number] = error.message
    if batch.refused and not batch.ids:
        shown = [f"line {number}: {message}" for number, message in batch.refused.items()]
        raise failure(InvalidIdentifier("; ".join(shown[:5])))
    return batch
