"""The Data API's daily quota, stored across restarts.

Every request is counted before it is sent, so that a crash loses no units. Failed requests are
counted, as by YouTube. A day ends at midnight in America/Los_Angeles.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from ytarchive.common.config import YouTubeConfig
from ytarchive.common.database import Database, Writer
from ytarchive.common.errors import QuotaExceeded
from ytarchive.common.models import utc_now
from ytarchive.common.telemetry import QUOTA_LIMIT, QUOTA_USED

_PACIFIC = ZoneInfo("America/Los_Angeles")


def pacific_day(moment: datetime) -> date:
    """Return the quota day of a request at this time."""
    return moment.astimezone(_PACIFIC).date()


def end_of(day: date) -> datetime:
    """Return the time (UTC) at which a Pacific day's quota is reset."""
    return datetime.combine(day + timedelta(days=1), time(), _PACIFIC).astimezone(UTC)


class QuotaLedger:
    """Counts units, and refuses requests that would use the reserve."""

    def __init__(
        self, database: Database, config: YouTubeConfig, now: Callable[[], datetime] = utc_now
    ) -> None:
        self._database = database
        self._now = now
        self.limit = config.quota_limit
        self.kept_back = config.quota_reserve
        QUOTA_LIMIT.set(self.limit)

    @property
    def _allowed(self) -> int:
        return max(0, self.limit - self.kept_back)

    async def reserve(self, units: int = 1) -> date:
        """Count `units` for a request that will be sent, and return their day.

        Raises QuotaExceeded.
        """
        day = pacific_day(self._now())
        parameters = {"day": day.isoformat(), "units": units, "allowed": self._allowed}

        def count(writer: Writer) -> tuple[bool, int]:
            granted = writer.execute("reserve_units", parameters) > 0
            row = writer.fetch_one("units_used", {"day": day.isoformat()})
            return granted, row["used"] if row else 0

        granted, used = await self._database.write(count)
        QUOTA_USED.set(used)
        if not granted:
            kept = f", and {self.kept_back} are kept in reserve" if self.kept_back else ""
            raise self._exceeded(day, f"{used} of today's {self.limit} units are used{kept}")
        return day

    async def mark_spent(self, day: date) -> QuotaExceeded:
        """Record that YouTube reports the quota of `day` as used up, and return the error."""
        parameters = {"day": day.isoformat(), "quota_limit": self.limit}
        await self._database.execute("mark_spent", parameters)
        await self.used()
        return self._exceeded(day, "YouTube reports that today's quota of this key is used up")

    async def used(self) -> int:
        """Return the units used on the current Pacific day."""
        day = pacific_day(self._now())
        row = await self._database.fetch_one("units_used", {"day": day.isoformat()})
        used = row["used"] if row else 0
        QUOTA_USED.set(used)
        return used

    async def remaining(self) -> int:
        """Return the units that may still be used today."""
        return max(0, self._allowed - await self.used())

    def resets_at(self) -> datetime:
        """Return the next midnight in America/Los_Angeles, in UTC."""
        return end_of(pacific_day(self._now()))

    async def purge(self) -> None:
        """Remove old days."""
        oldest = pacific_day(self._now()) - timedelta(days=31)
        await self._database.execute("purge_quota_days", {"oldest_day": oldest.isoformat()})

    def _exceeded(self, day: date, cause: str) -> QuotaExceeded:
        resets_at = end_of(day)
        return QuotaExceeded(
            f"API quota exceeded: {cause}; it is reset at {resets_at:%Y-%m-%d %H:%M} UTC",
            quota_limit=self.limit,
            quota_reserve=self.kept_back,
            resets_at=resets_at.isoformat().replace("+00:00", "Z"),
        )
