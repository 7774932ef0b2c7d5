"""Download windows: local times at which videos may start.

A window is a time of day on some days of the week, or it begins at the times of a cron expression
and has a length.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Annotated, Protocol, Self

from cronsim import CronSim, CronSimError
from pydantic import AfterValidator, BeforeValidator, TypeAdapter, ValidationError

from ytarchive.common.setting_types import Seconds, split

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WINDOW = re.compile(
    r"(?:(?P<first>[a-z]{3})(?:-(?P<last>[a-z]{3}))? )?"
    r"(?P<start>\d{1,2}:\d\d)-(?P<end>\d{1,2}:\d\d)"
)
_FORM = (
    "must be a time of day such as 01:00-07:00, sat 00:00-24:00 or mon-fri 22:00-06:00, or a cron "
    "expression with a length such as `cron 0 1 * * 1-5 for 6h`"
)
_CRON = re.compile(r"cron (?P<cron>.+) for (?P<length>\S+)")
_LONGEST = timedelta(days=7)
_seconds: TypeAdapter[float] = TypeAdapter(Seconds)
_SOME_DAY = datetime(2026, 1, 1)  # noqa: DTZ001  # a local time of any zone

Span = tuple[float, float]
"""Start and end, as timestamps."""


class Window(Protocol):
    """Local times at which videos may start."""

    def spans(self, now: datetime, zone: tzinfo | None) -> Iterator[Span]:
        """Yield the spans that may include a time, and at least one that begins later."""
        ...


@dataclass(frozen=True)
class CronWindow(Window):
    """A window that begins at the local times of a cron expression."""

    cron: str
    length: timedelta

    @classmethod
    def parse(cls, cron: str, length: str) -> Self:
        """Return the window of an expression with five fields. Raises ValueError."""
        if len(cron.split()) != 5:
            fields = "minute, hour, day of the month, month, day of the week"
            raise ValueError(f"the cron expression {cron!r} must have five fields: {fields}")
        try:
            next(CronSim(cron, _SOME_DAY))
        except CronSimError as error:
            problem = str(error).removeprefix("Bad ")
            raise ValueError(f"the cron expression {cron!r} has an invalid {problem}") from None
        except StopIteration:
            raise ValueError(f"no date matches the cron expression {cron!r}") from None
        try:
            lasts = timedelta(seconds=_seconds.validate_python(length))
        except (ValidationError, OverflowError):
            lasts = timedelta(0)
        if not timedelta(0) < lasts <= _LONGEST:
            raise ValueError(f"{length!r} is not a length from 1 second to 7 days, such as 6h")
        return cls(cron, lasts)

    def spans(self, now: datetime, zone: tzinfo | None) -> Iterator[Span]:
        """Yield the last span that has begun, and the next one."""
        local = now.astimezone(zone).replace(tzinfo=None, microsecond=0)
        yield self._span(next(CronSim(self.cron, local + timedelta(seconds=1), reverse=True)), zone)
        for start in CronSim(self.cron, local):
            span = self._span(start, zone)
            if span[0] > now.timestamp():  # otherwise the clock was set back an hour
                yield span
                return

    def _span(self, start: datetime, zone: tzinfo | None) -> Span:
        begins = moment(start.date(), start.time(), zone).timestamp()
        return begins, begins + self.length.total_seconds()


@dataclass(frozen=True)
class DailyWindow(Window):
    """A time of day on some days of the week; it may end on the next day."""

    days: frozenset[int]
    start: time
    end: time

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the window in a text such as `sat 22:00-06:00`. Raises ValueError."""
        found = _WINDOW.fullmatch(text)
        if found is None:
            raise ValueError(_FORM)
        start, end = _time(found["start"]), _time(found["end"].replace("24:00", "00:00"))
        if found["start"] == found["end"]:
            raise ValueError(f"{text!r} is empty: use 00:00-24:00 for a whole day")
        return cls(_days(found["first"], found["last"]), start, end)

    def spans(self, now: datetime, zone: tzinfo | None) -> Iterator[Span]:
        """Yield the spans from yesterday on; the clock may skip one, and so a week."""
        today = now.astimezone(zone).date()
        for day in (today + timedelta(days=days) for days in range(-1, 16)):
            if day.weekday() in self.days:
                last = day + timedelta(days=self.end <= self.start)
                yield (
                    moment(day, self.start, zone).timestamp(),
                    moment(last, self.end, zone).timestamp(),
                )


def parse_window(text: str) -> Window:
    """Return the window in a text such as `sat 22:00-06:00`. Raises ValueError."""
    text = " ".join(text.lower().split())
    if found := _CRON.fullmatch(text):
        return CronWindow.parse(found["cron"], found["length"])
    return DailyWindow.parse(text)


def _time(text: str) -> time:
    try:
        return time.fromisoformat(text.zfill(5))
    except ValueError:
        raise ValueError(f"{text!r} is not a time of day: {_FORM}") from None


def _days(first: str | None, last: str | None) -> frozenset[int]:
    if first is None:
        return frozenset(range(7))
    unknown = [each for each in (first, last) if each is not None and each not in _DAYS]
    if unknown:
        raise ValueError(f"{unknown[0]!r} is not a day of the week; use {', '.join(_DAYS)}")
    begin, end = _DAYS.index(first), _DAYS.index(last or first)
    return frozenset((begin + n) % 7 for n in range((end - begin) % 7 + 1))


def moment(day: date, at: time, zone: tzinfo | None) -> datetime:
    """Return a local time of a zone, or of this machine's zone for None, with its offset."""
    local = datetime.combine(day, at)
    return local.astimezone() if zone is None else local.replace(tzinfo=zone)


def next_opening(
    windows: Sequence[Window], now: datetime, zone: tzinfo | None = None
) -> datetime | None:
    """Return when the next window begins; None within a window.

    `zone`: None is the zone of this machine.
    """
    openings = []
    for window in windows:
        for start, end in window.spans(now, zone):
            if start <= now.timestamp() < end:
                return None
            if now.timestamp() < start < end:
                openings.append(start)
    return datetime.fromtimestamp(min(openings), tz=now.tzinfo)


def _checked(text: str) -> str:
    parse_window(text)
    return " ".join(text.lower().split())


Windows = Annotated[list[Annotated[str, AfterValidator(_checked)]], BeforeValidator(split)]
"""Download windows: a list, or text such as `01:00-07:00, sat 00:00-24:00`.

Cron expressions with commas need a list.
"""
