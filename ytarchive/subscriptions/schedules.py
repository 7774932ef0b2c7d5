"""When a subscription is checked: by the rhythm of its uploads, at an interval, or by cron."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Any, Self
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError
from pydantic import AfterValidator, Field, TypeAdapter, ValidationError, model_validator

from ytarchive.common.models import Model, problem_text
from ytarchive.common.setting_types import Seconds

SHORTEST = timedelta(minutes=10)
"""The shortest time between two checks of a subscription."""
_LONGEST = timedelta(days=366)
_DAY = 24 * 60
_FORMS = (
    "a schedule is `adaptive`, `every 6h`, or `cron MINUTE HOUR DAY MONTH WEEKDAY [TIME-ZONE]`, "
    "such as `cron 30 6 * * * Europe/Berlin`"
)
_ZONE_NAME = re.compile(r"[\w+-]+(/[\w+-]+)*", re.ASCII)
_UNITS = {"w": 604_800, "d": 86_400, "h": 3600, "m": 60, "s": 1}
_SOME_DAY = datetime(2026, 1, 1, tzinfo=UTC)
_seconds: TypeAdapter[float] = TypeAdapter(Seconds)
_Cron = Annotated[str, Field(max_length=100), AfterValidator(lambda text: " ".join(text.split()))]


class ScheduleKind(StrEnum):
    """What determines the times of the checks."""

    ADAPTIVE = "adaptive"
    """The rhythm of the uploads."""
    INTERVAL = "interval"
    CRON = "cron"


class Schedule(Model):
    """When a subscription is checked.

    Text is accepted too: `adaptive`, `every 6h`, `cron 30 6 * * * Europe/Berlin`.
    """

    kind: ScheduleKind = ScheduleKind.ADAPTIVE
    every: Seconds | None = Field(
        default=None,
        description="For `interval`: seconds between two checks, from 10 minutes to 366 days",
    )
    cron: _Cron | None = Field(
        default=None,
        description="For `cron`: minute, hour, day of the month, month and day of the week",
    )
    time_zone: str = Field(
        default="UTC",
        max_length=64,
        description="For `cron`: the name of a time zone, such as Europe/Berlin",
    )

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        return _fields(value) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if (self.every is None) is (self.kind is ScheduleKind.INTERVAL):
            raise ValueError("`every` is needed for the kind `interval`, and only for it")
        if (self.cron is None) is (self.kind is ScheduleKind.CRON):
            raise ValueError("`cron` is needed for the kind `cron`, and only for it")
        if self.time_zone != "UTC" and self.cron is None:
            raise ValueError("`time_zone` is used only with the kind `cron`")
        if self.every is not None and not (
            SHORTEST.total_seconds() <= self.every <= _LONGEST.total_seconds()
        ):
            raise ValueError("the interval of checks must be from 10 minutes to 366 days")
        if self.cron is not None:
            _check_cron(self.cron, _zone(self.time_zone))
        return self

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the schedule in a text form. Raises ValueError with the reason."""
        try:
            return cls.model_validate(text)
        except ValidationError as error:
            raise ValueError(problem_text(error.errors()[0])) from None

    def __str__(self) -> str:
        """Return the text form, which `parse` reads."""
        if self.every is not None:
            return f"every {_duration(self.every)}"
        if self.cron is None:
            return str(self.kind)
        zone = "" if self.time_zone == "UTC" else f" {self.time_zone}"
        return f"cron {self.cron}{zone}"

    def times_after(self, moment: datetime) -> Iterator[datetime]:
        """Yield the times of the cron expression after a moment, in UTC."""
        last = moment
        for found in CronSim(self.cron or "", moment.astimezone(_zone(self.time_zone))):
            # While clocks are set back, one local time occurs twice.
            if (at := found.astimezone(UTC)) > last:
                last = at
                yield at


def _fields(text: str) -> dict[str, str]:
    """Return the fields of a text form. Raises ValueError if it is none."""
    kind, *rest = text.split() or [""]
    match kind.lower(), len(rest):
        case "adaptive", 0:
            return {"kind": "adaptive"}
        case "every", count if count:
            return {"kind": "interval", "every": " ".join(rest)}
        case "cron", 5:
            return {"kind": "cron", "cron": " ".join(rest)}
        case "cron", 6:
            return {"kind": "cron", "cron": " ".join(rest[:5]), "time_zone": rest[5]}
    raise ValueError(f"{text[:80]!r} is no schedule: {_FORMS}")


def _duration(seconds: float) -> str:
    """Return a duration in the form that `Seconds` reads, such as `1d12h`."""
    parts, rest = [], round(seconds)
    if rest != seconds:
        return f"{seconds!r}"
    for unit, length in _UNITS.items():
        count, rest = divmod(rest, length)
        parts += [f"{count}{unit}"] if count else []
    return "".join(parts)


def _zone(name: str) -> ZoneInfo:
    try:
        if _ZONE_NAME.fullmatch(name):
            return ZoneInfo(name)
    except (KeyError, OSError, ValueError):  # unknown; a folder of zones; no zone file
        pass
    form = "give a name such as Europe/Berlin, America/New_York or UTC"
    raise ValueError(f"{name!r} is no time zone: {form}")


def _check_cron(expression: str, zone: ZoneInfo) -> None:
    """Raise ValueError if an expression is invalid, has no date, or has too many times."""
    if len(expression.split()) != 5:
        fields = "minute, hour, day of the month, month, day of the week"
        raise ValueError(f"a cron expression has five fields: {fields}")
    try:
        cron = CronSim(expression, _SOME_DAY.astimezone(zone))
        next(cron)
    except CronSimError as error:
        problem = str(error).removeprefix("Bad ")
        raise ValueError(f"the cron expression has an invalid {problem}") from None
    except StopIteration:
        raise ValueError("no date matches the cron expression") from None
    minutes = sorted(60 * hour + minute for hour in cron.hours for minute in cron.minutes)
    closest = min(later - earlier for earlier, later in pairwise([*minutes, minutes[0] + _DAY]))
    if timedelta(minutes=closest) < SHORTEST:
        times = f"the cron expression has times {closest} min apart"
        raise ValueError(f"{times}; checks must be at least 10 min apart")
