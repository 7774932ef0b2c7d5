"""The rows of the adoption and of the files of its folder."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ytarchive.common.cursors import refused_cursor
from ytarchive.common.database import Database, Row, Writer
from ytarchive.common.events import AdoptionChanged, publish
from ytarchive.common.file_names import file_name, stored_name
from ytarchive.common.listing import Listing, read_alone
from ytarchive.common.models import Page, to_micros, utc_now
from ytarchive.common.rows import fields_of
from ytarchive.storage.adopt.models import (
    AdoptedFile,
    AdoptedFileQuery,
    Adoption,
    AdoptMethod,
    AdoptRequest,
    Outcome,
)
from ytarchive.storage.adopt.recognisers import FoundFile
from ytarchive.storage.adopt.recorded_ids import DOWNLOAD_ARCHIVE
from ytarchive.storage.store.background import PassState

_AT_ONCE = 200
_UNDESCRIBED_AT_ONCE = 1000


@dataclass
class Settled:
    """Outcomes of the files of one video, by path."""

    video_id: str
    files: dict[str, tuple[Outcome, str]] = field(default_factory=dict)
    adopted_bytes: int = 0
    is_adopted: bool = False
    is_undescribed: bool = False

    def add(self, files: Collection[FoundFile], outcome: Outcome, detail: str) -> None:
        """Set the outcome of files that have none yet."""
        for file in files:
            self.files.setdefault(file.path, (outcome, detail))


class AdoptionRecords:
    """The tables of the adoption. Changes are durable when a method returns."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def adoption(self) -> Adoption:
        """Return the current or last adoption."""
        rows = await self._database.fetch_all("get_adoption")
        if not rows:
            return Adoption(state=PassState.NEVER)
        counts = await self._database.fetch_all("count_outcomes")
        found = fields_of(Adoption, rows[0])
        return Adoption(
            **found,
            files={Outcome(each["outcome"]): each["files"] for each in counts},
            shares_content=found["method"] == AdoptMethod.LINK
            and found["videos_adopted"] > 0
            and not found["dry_run"],
        )

    async def begin(self, request: AdoptRequest, folder: Path) -> None:
        """Begin a new adoption, which replaces the last one and its report."""
        now = to_micros(utc_now())
        row = request.model_dump() | {"folder": stored_name(str(folder)), "now": now}

        def transaction(writer: Writer) -> None:
            for name in ("forget_adoption", "forget_adopted_files"):
                writer.execute(name)
            writer.execute("begin_adoption", row)

        await self._database.write(transaction)
        publish(AdoptionChanged(state=PassState.RUNNING))

    async def set_state(self, state: PassState, error: str | None = None) -> None:
        """Record the state of the adoption."""
        row = {"state": state, "error": error, "now": to_micros(utc_now())}
        await self._database.execute("set_adoption_state", row)
        publish(AdoptionChanged(state=state))

    async def stop_interrupted(self) -> None:
        """Mark an adoption as stopped that was running when the last process ended."""
        await self._database.execute("stop_interrupted_adoption")

    async def forget_files(self) -> None:
        """Delete the list of files, which is incomplete."""
        await self._database.execute("forget_adopted_files")

    async def add_files(self, files: Sequence[FoundFile], files_found: int) -> None:
        """Add files of the folder; files of no video are decided."""
        now = to_micros(utc_now())

        def transaction(writer: Writer) -> None:
            writer.execute_many("add_found_file", map(_found_row, files))
            writer.execute("set_files_found", {"files": files_found, "now": now})

        await self._database.write(transaction)
        publish(AdoptionChanged(files_found=files_found))

    async def set_listed(self, files_found: int) -> None:
        """Record that all files of the folder are listed."""
        now = to_micros(utc_now())

        def transaction(writer: Writer) -> None:
            writer.execute("set_files_found", {"files": files_found, "now": now})
            writer.execute("count_found_videos")
            writer.execute("set_listed", {"now": now})

        await self._database.write(transaction)

    async def next_videos(self, cursor: str) -> list[str]:
        """Return the ids of the next videos with files that are not decided."""
        page = {"cursor": cursor, "limit": _AT_ONCE}
        rows = await self._database.fetch_all("next_found_videos", page)
        return [row["video_id"] for row in rows]

    async def files_of(self, video_id: str) -> list[FoundFile]:
        """Return the files of a video that are not decided."""
        rows = await self._database.fetch_all("found_files_of", {"video_id": video_id})
        return [
            FoundFile(
                path=row["path"],
                size=row["size_bytes"],
                video_id=video_id,
                layout=row["layout"],
                stem=row["stem"],
                rest=row["rest"],
                begun_as=row["begun_as"],
            )
            for row in rows
        ]

    async def mark_begun(self, names: Mapping[str, str]) -> None:
        """Record that files are about to be stored. `names`: in the archive, by path."""
        rows = [{"path": path, "name": name} for path, name in names.items()]
        await self._database.write(lambda writer: writer.execute_many("mark_begun", rows))

    async def settle(self, settled: Settled) -> None:
        """Record the outcomes of the files of a video."""
        rows = [
            {"path": path, "outcome": outcome, "detail": detail}
            for path, (outcome, detail) in settled.files.items()
        ]
        counted = {
            "videos": settled.is_adopted,
            "bytes": settled.adopted_bytes,
            "now": to_micros(utc_now()),
        }

        def transaction(writer: Writer) -> None:
            writer.execute_many("settle_file", rows)
            writer.execute("count_adopted", counted)
            if settled.is_undescribed:
                writer.execute("add_undescribed", {"video_id": settled.video_id})

        await self._database.write(transaction)
        publish(AdoptionChanged(video_id=settled.video_id))

    async def page(self, query: AdoptedFileQuery) -> Page[AdoptedFile]:
        """Return a page of the decided files, by path."""
        try:
            after = bytes.fromhex(query.cursor or "")
        except ValueError:
            raise refused_cursor() from None

        async def fetch(count: int) -> list[Row]:
            asked = {"outcome": query.outcome, "cursor": after, "limit": count}
            return await self._database.fetch_all("list_adopted_files", asked)

        return await _FILES.page(query.limit, fetch)


class ListRecords:
    """The rows of download archives of yt-dlp in the adopted folder."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def download_archives(self) -> list[str]:
        """Return the paths of yt-dlp's lists whose videos are not marked yet."""
        asked = {"layout": DOWNLOAD_ARCHIVE}
        return [row["path"] for row in await self._database.fetch_all("found_lists", asked)]

    async def without_media(self, video_ids: Sequence[str]) -> list[str]:
        """Return those of the videos of which the folder has no media."""
        asked = {"video_ids": json.dumps(video_ids)}
        found = {row["video_id"] for row in await self._database.fetch_all("found_among", asked)}
        return [each for each in video_ids if each not in found]

    async def explain(self, path: str, detail: str) -> None:
        """Record what a file of no video is; it stays where it is."""
        row = {"path": path, "outcome": Outcome.NOT_RECOGNISED, "detail": detail}
        await self._database.execute("settle_file", row)


class UndescribedRecords:
    """The table of adopted videos whose metadata is to be requested."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def video_ids(self) -> list[str]:
        """Return adopted videos without metadata for which no job is queued."""
        limit = {"limit": _UNDESCRIBED_AT_ONCE}
        rows = await self._database.fetch_all("list_undescribed", limit)
        return [row["video_id"] for row in rows]

    async def settle(self, video_ids: list[str]) -> None:
        """Record that a job requests the metadata of videos."""
        asked = {"video_ids": json.dumps(video_ids)}
        await self._database.execute("settle_undescribed", asked)


def _found_row(file: FoundFile) -> dict[str, Any]:
    problem = file.problem
    return {
        **vars(file),
        "outcome": Outcome.NOT_RECOGNISED if problem is not None else None,
        "detail": problem or "",
    }


def _name(row: Row) -> str:
    return f"the adopted file {row['path']}"


def _adopted_file(row: Row) -> AdoptedFile:
    return AdoptedFile(**fields_of(AdoptedFile, row) | {"path": file_name(row["path"])})


_FILES = Listing(
    name=_name,
    place=lambda row: row["place"],
    read=read_alone(_adopted_file, _name),
    cursor=lambda place: place.hex(),
)
