"""What is known of lists for good: the videos of the last listing that came to its end.

A list's next listing may stop where all is known, because what is known is accounted for: stored,
or found here as not settled and taken into the job.
"""

import json
from dataclasses import dataclass
from datetime import datetime

from ytarchive.common.database import Database, Writer
from ytarchive.common.models import from_micros, to_micros
from ytarchive.jobs.queue.rows import JobHead


@dataclass(frozen=True)
class KnownList:
    """A list that was listed to its end at least once."""

    list_id: str
    entries: int
    """As counted at its last complete listing, and the newer ones since."""
    listed_at: datetime
    """When it was last listed to its end."""
    shrunk_at: datetime | None
    """When a listing was suspiciously short, until another listing tells what is true."""


class ListRecords:
    """The lists in jobs.db."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, list_id: str) -> KnownList | None:
        """Return the stored state of a list; None if it was never listed to its end."""
        row = await self._database.fetch_one("get_list", {"list_id": list_id})
        if row is None:
            return None
        shrunk_at = row["shrunk_at"]
        return KnownList(
            list_id=list_id,
            entries=row["entries"],
            listed_at=from_micros(row["listed_at"]),
            shrunk_at=None if shrunk_at is None else from_micros(shrunk_at),
        )

    async def knows_all(self, list_id: str, video_ids: list[str]) -> bool:
        """Return whether every one of some videos is known to be in a list."""
        wanted = set(video_ids)
        values = {"list_id": list_id, "ids": json.dumps(list(wanted))}
        row = await self._database.fetch_one("count_list_videos", values)
        return row is not None and row["videos"] == len(wanted)

    async def videos_after(self, list_id: str, after: str, limit: int) -> list[str]:
        """Return known videos of a list, by id, after one of them."""
        values = {"list_id": list_id, "after": after, "limit": limit}
        rows = await self._database.fetch_all("list_videos_after", values)
        return [row["video_id"] for row in rows]

    async def complete(self, list_id: str, job: JobHead, entries: int, now: datetime) -> list[str]:
        """Record that a list was listed to its end; return the videos that are no longer in it."""
        values = {
            "list_id": list_id,
            "job_id": job.id,
            "first": job.own_videos,
            "entries": entries,
            "now": to_micros(now),
        }

        def complete(writer: Writer) -> list[str]:
            writer.execute("complete_list", values)
            gone = writer.fetch_all("remove_list_videos", values)
            writer.execute("add_list_videos", values)
            return [row["video_id"] for row in gone]

        return await self._database.write(complete)

    async def extend(self, list_id: str, job: JobHead) -> int:
        """Record that a list's new videos were listed; return how many others were not."""
        values = {"list_id": list_id, "job_id": job.id, "first": job.own_videos}

        def extend(writer: Writer) -> int:
            added = writer.execute("add_list_videos", values)
            writer.execute("extend_list", {"list_id": list_id, "added": added})
            writer.execute("count_known", values)
            row = writer.fetch_one("known_entries", {"job_id": job.id})
            return int(row["known"]) if row else 0

        return await self._database.write(extend)

    async def suspect(self, list_id: str, now: datetime) -> None:
        """A listing was suspiciously short: the next one has to go to the end."""
        await self._database.execute("suspect_list", {"list_id": list_id, "now": to_micros(now)})
