"""Caption languages that YouTube did not have, and when to check for them again.

Captions may be added to old videos, so "not found" is not final; but each check costs a request.
"""

import json
import random
from collections.abc import Iterable, Mapping
from typing import Any

from ytarchive.common.archived_files import ArchivedFile
from ytarchive.common.database import Database, Row, Writer
from ytarchive.common.models import to_micros, utc_now
from ytarchive.common.profile import files_to_fetch
from ytarchive.storage.library.existence import ExistsRequest
from ytarchive.storage.library.models import StorageLocation
from ytarchive.storage.library.records import Registered

_FIRST_PAUSE = 30 * 86_400 * 1_000_000
_LONGEST_PAUSE = 365 * 86_400 * 1_000_000
_JITTER = 0.25


def absent_rows(video_id: str, languages: Iterable[str]) -> list[dict[str, Any]]:
    """Return the rows of languages that YouTube does not have now."""
    pause = int(_FIRST_PAUSE * random.uniform(1 - _JITTER, 1 + _JITTER))  # noqa: S311  # no secret
    shared = {
        "video_id": video_id,
        "now": to_micros(utc_now()),
        "pause": pause,
        "longest": _LONGEST_PAUSE,
    }
    return [shared | {"language": each} for each in languages]


class AbsentCaptions:
    """The table of absent captions in library.db; `rebuild` restores it from the manifests."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def record(self, video_id: str, requested: list[str], absent: list[str]) -> None:
        """Record which of the requested languages YouTube does not have now.

        Each is due again after a month; the interval doubles each time, up to a year.
        """
        if not requested and not absent:
            return
        found = [each for each in requested if each not in absent]

        def record(writer: Writer) -> None:
            rows = [{"video_id": video_id, "language": each} for each in found]
            writer.execute_many("delete_absent", rows)
            writer.execute_many("upsert_absent", absent_rows(video_id, absent))

        await self._database.write(record)

    async def after(self, video_id: str, requested: list[str], absent: list[str]) -> list[str]:
        """Return the absent languages of a video after a request, sorted; see `record`."""
        rows = await self._database.fetch_all("absent_of", {"video_id": video_id})
        return sorted({*(row["language"] for row in rows), *absent} - {*requested} | {*absent})

    async def lacking(self, stored: Mapping[str, Registered], request: ExistsRequest) -> set[str]:
        """Return the stored videos with side files for which a request is due."""
        wanted = request.profile
        if wanted is None:
            return set()
        due = {} if request.recheck_captions else await self.due(list(stored))
        profiles = {id(video.profile): video.profile for video in stored.values()}
        asked_less = {
            key for key, asked in profiles.items() if files_to_fetch(wanted, asked, (), ())
        }
        unsure = [
            video_id
            for video_id, video in stored.items()
            if request.recheck_captions or video_id in due or id(video.profile) in asked_less
        ]
        present = await self._side_files(unsure)
        return {
            each
            for each in unsure
            if files_to_fetch(
                wanted,
                stored[each].profile,
                present[each],
                None if request.recheck_captions else due.get(each, ()),
            )
        }

    async def _side_files(self, video_ids: list[str]) -> dict[str, list[str]]:
        rows = await self._database.fetch_all("side_files_of", {"video_ids": json.dumps(video_ids)})
        found: dict[str, list[str]] = {each: [] for each in video_ids}
        for row in rows:
            known = dict(row)
            video_id = known.pop("video_id")
            side_file = ArchivedFile.model_validate(known).side_file
            found[video_id] += [side_file] if side_file else []
        return found

    async def with_due(self, location: StorageLocation) -> StorageLocation:
        """Return a stored video's location with the languages that are due."""
        due = await self.due([location.video_id])
        return location.model_copy(update={"due_captions": due.get(location.video_id, [])})

    async def due(self, video_ids: list[str]) -> dict[str, list[str]]:
        """Return the languages that are due for another check, by video."""
        values = {"video_ids": json.dumps(video_ids), "now": to_micros(utc_now())}
        rows: list[Row] = await self._database.fetch_all("due_absent", values)
        found: dict[str, list[str]] = {}
        for row in rows:
            found.setdefault(row["video_id"], []).append(row["language"])
        return found
