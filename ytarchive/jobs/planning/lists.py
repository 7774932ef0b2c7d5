"""Records the videos of a list's last complete listing.

A later listing may stop at recorded videos: each of them is stored, or the job finds it here as
unfinished and adds it.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from ytarchive.common.database import Database, Writer
from ytarchive.common.media import PlaylistVideo, VideoMetadata
from ytarchive.common.models import from_micros, to_micros
from ytarchive.common.rows import fields_of
from ytarchive.jobs.queue.filtering import Exclusion, Facts, VideoFilter
from ytarchive.jobs.queue.models import JobOptions, JobType
from ytarchive.jobs.queue.rows import JobHead, Outcome, filtered, known_elsewhere, removed_before
from ytarchive.storage import StoredVideos

PRECEDES = Exclusion(
    "only_new", "excluded by the filter: it was in the list before the list was followed"
)


@dataclass(frozen=True)
class KnownList:
    """A list that was listed completely at least once."""

    list_id: str
    entries: int
    """Number of entries at the last complete listing, and the newer ones since."""
    listed_at: datetime
    """Time of the last complete listing."""
    shrunk_at: datetime | None
    """Time of an implausibly short listing; None after the next plausible one."""


class ListRecords:
    """The lists in jobs.db."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, list_id: str) -> KnownList | None:
        """Return the record of a list; None if it was never listed completely."""
        row = await self._database.fetch_one("get_list", {"list_id": list_id})
        return KnownList(**fields_of(KnownList, row)) if row else None

    async def knows_all(self, list_id: str, video_ids: list[str]) -> bool:
        """Return whether all of some videos are recorded for a list."""
        wanted = set(video_ids)
        values = {"list_id": list_id, "ids": json.dumps(list(wanted))}
        row = await self._database.fetch_one("count_list_videos", values)
        return row is not None and row["videos"] == len(wanted)

    async def recorded(self, list_id: str, video_ids: Sequence[str]) -> dict[str, bool]:
        """Return which videos are recorded for a list, and whether they precede a subscription."""
        values = {"list_id": list_id, "ids": json.dumps(list(video_ids))}
        rows = await self._database.fetch_all("recorded_videos", values)
        return {row["video_id"]: bool(row["precedes"]) for row in rows}

    async def preceding(self, list_id: str, job: JobHead, video_ids: Sequence[str]) -> set[str]:
        """Return the videos that a job excludes because they precede a subscription."""
        if not job.options.filter.only_new:
            return set()
        recorded = await self.recorded(list_id, video_ids)
        return {each for each, precedes in recorded.items() if precedes}

    async def record_preceding(
        self, list_id: str, video_ids: Sequence[str], since: datetime, now: datetime
    ) -> None:
        """Record the entries of a list that precede its subscription, once for each `since`."""
        values = {
            "list_id": list_id,
            "ids": json.dumps(list(video_ids)),
            "entries": len(video_ids),
            "since": to_micros(since),
            "now": to_micros(now),
        }

        def record(writer: Writer) -> None:
            if writer.execute("follow_list", values):
                writer.execute("add_preceding_videos", values)

        await self._database.write(record)

    async def next_start(self, video_ids: Sequence[str], now: datetime) -> datetime | None:
        """Return the first start of an announced premiere or live stream among some videos."""
        values = {"ids": json.dumps(list(video_ids)), "now": to_micros(now)}
        row = await self._database.fetch_one("next_start", values)
        return from_micros(row["start"]) if row and row["start"] is not None else None

    async def jobs_that_list(self, list_id: str) -> list[str]:
        """Return the unfinished jobs that have a list still to list."""
        rows = await self._database.fetch_all("jobs_that_list", {"list_id": list_id})
        return [row["id"] for row in rows]

    async def videos_after(self, list_id: str, after: str, limit: int) -> list[str]:
        """Return recorded videos of a list, ordered by id, after one of them."""
        values = {"list_id": list_id, "after": after, "limit": limit}
        rows = await self._database.fetch_all("list_videos_after", values)
        return [row["video_id"] for row in rows]

    async def complete(self, list_id: str, job: JobHead, entries: int, now: datetime) -> list[str]:
        """Record a complete listing; return the videos that are no longer in the list."""
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
        """Record that a list's new videos were listed; return the number of the other entries."""
        values = {"list_id": list_id, "job_id": job.id, "first": job.own_videos}

        def extend(writer: Writer) -> int:
            added = writer.execute("add_list_videos", values)
            writer.execute("extend_list", {"list_id": list_id, "added": added})
            writer.execute("count_known", values)
            if job.subscription_id is None:
                writer.execute("request_list", {"list_id": list_id})
            row = writer.fetch_one("known_entries", {"job_id": job.id})
            return int(row["known"]) if row else 0

        return await self._database.write(extend)

    async def mark_shrunk(self, list_id: str, now: datetime) -> None:
        """Record an implausibly short listing: the next one has to be complete."""
        await self._database.execute(
            "mark_list_shrunk", {"list_id": list_id, "now": to_micros(now)}
        )


@dataclass
class ListSelection:
    """Selects the entries of one list, in its order, up to the newest that the job archives."""

    filter: VideoFilter
    list_id: str
    counted: int = 0

    @property
    def is_full(self) -> bool:
        """Return whether no further entry is selected."""
        return self.filter.newest is not None and self.counted >= self.filter.newest

    def take(
        self, entries: Iterable[PlaylistVideo]
    ) -> Iterator[tuple[PlaylistVideo, Exclusion | None]]:
        """Yield entries, each with the reason why the list's own fields exclude it, if they do."""
        for entry in entries:
            if self.is_full:
                return
            reason = self.filter.exclusion(Facts.of_entry(entry, self.list_id))
            self.counted += reason is None and entry.is_available
            yield entry, reason


class FilteredVideos:
    """The videos that jobs of a list have excluded so far."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def among(self, job: JobHead, video_ids: Sequence[str]) -> dict[str, Outcome]:
        """Return the results of videos that an earlier job of the list excluded permanently.

        The earlier filter must not exclude more than the job's filter. These videos need no request
        to YouTube.
        """
        if job.list is None or not job.options.filter.has_criteria:
            return {}
        rows = await self._database.fetch_all("filters_of_list", {"list": job.list})
        covering = [row["id"] for row in rows if _covers(row["options"], job.options.filter)]
        values = {"jobs": json.dumps(covering), "ids": json.dumps(list(video_ids))}
        found = await self._database.fetch_all("filtered_before", values)
        return {
            row["video_id"]: filtered(row["video_id"], Exclusion(row["rule"], row["message"]))
            for row in found
        }


def excluded(found: Iterable[VideoMetadata], wanted: VideoFilter) -> dict[str, Outcome]:
    """Return the results of the videos that a filter excludes by their metadata."""
    return {
        each.video_id: filtered(each.video_id, reason, each.title)
        for each in found
        if (reason := wanted.exclusion(Facts.of_metadata(each))) is not None
    }


def excluded_by_marks(job: JobHead, found: StoredVideos) -> dict[str, Outcome]:
    """Return the results of videos that the job fetches only if it names them.

    A video that is known elsewhere has its media there, and not its metadata.
    """
    results: dict[str, Outcome] = {}
    if job.type is not JobType.METADATA_ONLY:
        results = {each: known_elsewhere(each, place)
                   for each, place in found.known_elsewhere.items()}  # fmt: skip
    return results | {each: removed_before(each) for each in found.removed}


def _covers(options: str, later: VideoFilter) -> bool:
    return JobOptions.model_validate_json(options).filter.covers(later)
