"""Download windows: times of the week, in local time, at which videos may start."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Annotated, Self

from pydantic import AfterValidator, BeforeValidator

from ytarchive.common.setting_types import split

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WINDOW = re.compile(
    r"(?:(?P<first>[a-z]{3})(?:-(?P<last>[a-z]{3}))? )?"
    r"(?P<start>\d{1,2}:\d\d)-(?P<end>\d{1,2}:\d\d)"
)
_FORM = "must be a time of day such as 01:00-07:00, sat 00:00-24:00 or mon-fri 22:00-06:00"


@dataclass(frozen=True)
class Window:
    """A time of day on some days of the week; it may end on the next day."""

    days: frozenset[int]
    start: time
    end: time

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the window in a text such as `sat 22:00-06:00`. Raises ValueError."""
        found = _WINDOW.fullmatch(" ".join(text.lower().split()))
        if found is None:
            raise ValueError(_FORM)
        start, end = _time(found["start"]), _time(found["end"].replace("24:00", "00:00"))
        if found["start"] == found["end"]:
            raise ValueError(f"{text!r} is empty: use 00:00-24:00 for a whole day")
        return cls(_days(found["first"], found["last"]), start, end)

    def on(self, day: date, zone: tzinfo | None) -> tuple[datetime, datetime]:
        """Return start and end of the window that begins on a day, also when the clock changes."""
        last = day + timedelta(days=self.end <= self.start)
        return moment(day, self.start, zone), moment(last, self.end, zone)


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
    today = now.astimezone(zone).date()
    openings = []
    for days in range(-1, 16):
        day = today + timedelta(days=days)
        for window in (each for each in windows if day.weekday() in each.days):
            start, end = (each.timestamp() for each in window.on(day, zone))
            if start <= now.timestamp() < end:
                return None
            if now.timestamp() < start < end:
                openings.append(start)
    return datetime.fromtimestamp(min(openings), tz=now.tzinfo)


def _checked(text: str) -> str:
    Window.parse(text)
    return " ".join(text.lower().split())


Windows = Annotated[list[Annotated[str, AfterValidator(_checked)]], BeforeValidator(split)]
"""Download windows: a list, or text such as `01:00-07:00, sat 00:00-24:00`."""
