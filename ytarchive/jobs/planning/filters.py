"""The job's filter while its list is planned: on the list's fields, and by earlier jobs."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ytarchive.common.database import Database
from ytarchive.common.media import PlaylistVideo, VideoMetadata
from ytarchive.jobs.queue.filtering import Facts, VideoFilter
from ytarchive.jobs.queue.options import JobOptions
from ytarchive.jobs.queue.rows import JobHead, Outcome, filtered


@dataclass
class ListSelection:
    """Takes the entries of one list, in its order, up to the newest that the job archives."""

    filter: VideoFilter
    list_id: str
    counted: int = 0

    @property
    def is_full(self) -> bool:
        """Return whether no further entry is taken."""
        return self.filter.newest is not None and self.counted >= self.filter.newest

    def take(self, entries: Iterable[PlaylistVideo]) -> Iterator[tuple[PlaylistVideo, str | None]]:
        """Yield entries, each with the reason why the list's own fields exclude it, if they do."""
        for entry in entries:
            if self.is_full:
                return
            reason = self.filter.exclusion(Facts.of_entry(entry, self.list_id))
            self.counted += reason is None and entry.is_available
            yield entry, reason


class FilteredVideos:
    """What jobs of a list have excluded so far."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def among(self, job: JobHead, video_ids: Sequence[str]) -> dict[str, Outcome]:
        """Return the results of videos that an earlier job of the list excluded for good.

        Its filter must exclude no more than the job's. So nothing is asked of YouTube again.
        """
        if job.list is None or not job.options.filter.has_criteria:
            return {}
        rows = await self._database.fetch_all("filters_of_list", {"list": job.list})
        covering = [row["id"] for row in rows if _covers(row["options"], job.options.filter)]
        values = {"jobs": json.dumps(covering), "ids": json.dumps(list(video_ids))}
        found = await self._database.fetch_all("filtered_before", values)
        return {row["video_id"]: filtered(row["video_id"], row["message"]) for row in found}


def excluded(found: Iterable[VideoMetadata], wanted: VideoFilter) -> dict[str, Outcome]:
    """Return the results of the videos that a filter excludes by their metadata."""
    return {
        each.video_id: filtered(each.video_id, reason, each.title)
        for each in found
        if (reason := wanted.exclusion(Facts.of_metadata(each))) is not None
    }


def _covers(options: str, later: VideoFilter) -> bool:
    return JobOptions.model_validate_json(options).filter.covers(later)
