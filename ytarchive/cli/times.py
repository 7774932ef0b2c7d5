"""Times in the terminal: in this machine's time zone, or UTC with `--utc`."""

import os
import re
import time
from datetime import UTC, datetime

_IN_MESSAGES = re.compile(
    r"\b(\d{4}-\d\d-\d\d)([ T])(\d\d:\d\d)(:\d\d)?(?:\.\d+)?(?: UTC|Z|\+00:00)(?![A-Za-z0-9])"
)


def use_utc() -> None:
    """Make this process show every time in UTC, including its log."""
    os.environ["TZ"] = "UTC"
    time.tzset()


def moment(value: datetime) -> str:
    """Return a time in the time zone of this process."""
    return value.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def at_about(value: datetime) -> str:
    """Return an estimated time: `about 14:30`, with the day if it is not today."""
    local, today = value.astimezone(), datetime.now().astimezone().date()
    return local.strftime("about %H:%M" if local.date() == today else "about %Y-%m-%d %H:%M")


def local_times(message: str) -> str:
    """Return a service's message with its UTC times in this process's time zone."""
    return _IN_MESSAGES.sub(_localised, message)


def _localised(found: re.Match[str]) -> str:
    day, _, minute, second = found.groups()
    try:
        value = datetime.fromisoformat(f"{day}T{minute}{second or ''}").replace(tzinfo=UTC)
        return value.astimezone().strftime(f"%Y-%m-%d %H:%M{':%S' if second else ''}")
    except (ValueError, OverflowError):
        return found[0]
