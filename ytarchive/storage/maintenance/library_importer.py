"""Fills an empty library from the archive's files.

Rows are inserted with the same statements as in normal operation, so that counters and everything
else that triggers maintain are correct.
"""

import asyncio
import functools
import itertools
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from loguru import logger
from pydantic import ValidationError

from ytarchive.common.database import Database, Writer
from ytarchive.common.errors import LocalError, NotFound
from ytarchive.common.file_names import shown_name
from ytarchive.common.filesystem import status
from ytarchive.common.json_text import stored_json
from ytarchive.common.media import PlaylistMetadata, VideoMetadata
from ytarchive.common.models import Model, from_micros, to_micros
from ytarchive.common.rows import UNREADABLE
from ytarchive.common.sqlite_errors import REFUSED
from ytarchive.storage.history.losses import loss_of
from ytarchive.storage.history.records import newest_availability
from ytarchive.storage.library import discovery
from ytarchive.storage.library.absent_captions import absent_rows
from ytarchive.storage.library.discovery import FoundFiles
from ytarchive.storage.library.rows import (
    file_rows,
    media_row,
    metadata_file_row,
    metadata_row,
    playlist_row,
)
from ytarchive.storage.marks.models import KnownVideos, MarkedVideo, marks_row, read_marks
from ytarchive.storage.refreshes.schedule import next_refresh
from ytarchive.storage.store import files
from ytarchive.storage.store.layout import VIDEO_ID, Layout
from ytarchive.storage.store.media_store import MediaStore
from ytarchive.storage.work_plans.models import WorkPlan
from ytarchive.storage.work_plans.service import entry_rows

log = logger.bind(service="storage")

M = TypeVar("M", bound=Model)
T = TypeVar("T", bound=FoundFiles | Path)

_AT_ONCE = 200


class LibraryImporter:
    """Imports the archive's files. `problems` counts problems; `examples` has the first ones."""

    def __init__(
        self,
        database: Database,
        layout: Layout,
        store: MediaStore,
        on_progress: Callable[[int], None],
    ) -> None:
        self._database = database
        self._layout = layout
        self._store = store
        self._on_progress = on_progress
        self._videos = 0
        self.problems = 0
        self.examples: list[str] = []

    async def fill(self) -> None:
        """Import all files of the archive."""
        some: list[FoundFiles] = []
        async for found in self._found_videos():
            some.append(found)
            if len(some) == _AT_ONCE:
                await self._write(some, self._enter_video)
                some = []
        await self._write(some, self._enter_video)
        kinds = self._layout.metadata
        await self._enter(self._documents(kinds / "videos"), self._enter_metadata)
        await self._enter(self._histories(), self._enter_history)
        await self._enter(self._documents(kinds / "playlists"), self._enter_playlist)
        await self._enter(self._documents(kinds / "work_plans"), self._enter_plan)
        # A file of a single video decides, so it is entered after the lists of many.
        await self._enter(self._documents(self._layout.known_folder), self._enter_known)
        await self._enter(self._documents(kinds / "marks"), self._enter_marks)

    async def _enter(self, things: Iterator[T], enter: Callable[[T, Writer], None]) -> None:
        """Import items, some hundred per transaction, reading and writing in threads.

        An item that cannot be imported is reported, and none of its rows are kept.
        """
        while some := await asyncio.to_thread(_take, things):
            await self._write(some, enter)

    async def _write(self, some: Iterable[T], enter: Callable[[T, Writer], None]) -> None:
        await self._database.write(functools.partial(self._enter_all, some, enter))

    def _enter_all(
        self, some: Iterable[T], enter: Callable[[T, Writer], None], writer: Writer
    ) -> None:
        for thing in some:
            try:
                with writer.savepoint():
                    enter(thing, writer)
            except (*UNREADABLE, *REFUSED, *discovery.EXAMINATION_FAILURES) as error:
                self._note(f"{_name(thing)}: not imported: {error}")

    def _documents(self, folder: Path) -> Iterator[Path]:
        """Iterate over the JSON files of a folder; report a folder that cannot be read."""
        try:
            yield from discovery.documents(folder)
        except LocalError as error:
            self._note(error.message)

    def _note(self, problem: str) -> None:
        problem = shown_name(problem)
        log.warning("{}", problem)
        self.problems += 1
        if len(self.examples) < 1000:
            self.examples.append(problem)

    async def _examinations(self) -> AsyncIterator[Coroutine[Any, Any, FoundFiles]]:
        layout, store = self._layout, self._store
        async for prefix in discovery.video_folders(layout, store, self._note):
            yield discovery.examine(store, prefix, layout.scratch)
        notes = self._documents(layout.metadata / "registered")
        while some := await asyncio.to_thread(_take, notes):
            for path in some:
                yield discovery.examine_registration(path, layout, store)

    async def _found_videos(self) -> AsyncIterator[FoundFiles]:
        """Iterate over all videos, and report progress and problems."""
        async for examination in self._examinations():
            try:
                found = await examination
            except discovery.EXAMINATION_FAILURES as error:
                self._note(str(error))
                continue
            for problem in found.problems:
                self._note(problem)
            self._videos += 1
            self._on_progress(self._videos)
            yield found

    def _enter_video(self, found: FoundFiles, writer: Writer) -> None:
        stored = found.stored
        if found.media is None:
            writer.execute("add_video", {"video_id": stored.video_id})
        else:
            row = media_row(stored, found.media, found.moment)
            writer.execute("add_profile", row)
            writer.execute("add_media", row)
            writer.execute_many(
                "upsert_absent", absent_rows(stored.video_id, stored.facts.absent_captions)
            )
        writer.execute_many("upsert_file", file_rows(stored))

    def _enter_metadata(self, path: Path, writer: Writer) -> None:
        metadata = self._read(path, VideoMetadata)
        if metadata is None:
            self._enter_unreadable(path, writer)
            return
        video_id = metadata.video_id
        if path != self._layout.metadata_file(video_id):
            self._note(f"{path}: not named after its video, {video_id}")
            return
        writer.execute("upsert_metadata", metadata_row(metadata) | {"now": discovery.changed(path)})
        writer.execute("upsert_file", metadata_file_row(video_id, files.read(path), self._layout))
        self._plan_refresh(metadata, writer)
        if metadata.is_provisional:
            writer.execute("add_undescribed", {"video_id": video_id})

    def _plan_refresh(self, metadata: VideoMetadata, writer: Writer) -> None:
        row = writer.fetch_one("stored_time", {"video_id": metadata.video_id})
        if row is not None and not metadata.is_provisional:
            following = next_refresh(from_micros(row["stored_at"]), metadata.fetched_at)
            values = {"video_id": metadata.video_id, "refresh_at": to_micros(following)}
            writer.execute("plan_refresh", values)

    def _histories(self) -> Iterator[Path]:
        folder = self._layout.history_folder
        try:
            yield from discovery.documents(folder, suffix=".jsonl")
        except LocalError as error:
            self._note(error.message)

    def _enter_history(self, path: Path, writer: Writer) -> None:
        """Register a video as lost if its newest evidence says so."""
        if VIDEO_ID.fullmatch(path.stem):
            evidence = newest_availability(path)
            loss = loss_of(path.stem, evidence) if evidence else None
            if loss is not None:
                writer.execute("set_lost", loss)

    def _enter_unreadable(self, path: Path, writer: Writer) -> None:
        """Register unreadable metadata as damaged, so that `verify` finds and repairs it."""
        if VIDEO_ID.fullmatch(path.stem):
            row = metadata_file_row(path.stem, b"something else", self._layout)
            row["size_bytes"] = found.st_size if (found := status(path, follow=False)) else 0
            writer.execute("add_video", row)
            writer.execute("upsert_file", row)

    def _enter_playlist(self, path: Path, writer: Writer) -> None:
        playlist = self._read(path, PlaylistMetadata)
        if playlist is not None:
            writer.execute(
                "upsert_playlist", playlist_row(playlist) | {"now": discovery.changed(path)}
            )

    def _enter_plan(self, path: Path, writer: Writer) -> None:
        plan = self._read(path, WorkPlan)
        if plan is not None:
            writer.execute("add_plan", _plan_row(plan, path))
            writer.execute_many("upsert_entry", entry_rows(plan.id, plan))

    def _enter_known(self, path: Path, writer: Writer) -> None:
        known = self._read(path, KnownVideos)
        if known is not None:
            marked = (MarkedVideo(video_id=each, known_elsewhere=known.place)
                      for each in known.video_ids)  # fmt: skip
            writer.execute_many("upsert_marks", map(marks_row, marked))

    def _enter_marks(self, path: Path, writer: Writer) -> None:
        try:
            writer.execute("upsert_marks", marks_row(read_marks(path)))
        except (*discovery.EXAMINATION_FAILURES, NotFound) as error:
            self._note(str(error))

    def _read(self, path: Path, model: type[M]) -> M | None:
        try:
            return model.model_validate(stored_json(files.read(path)))
        except (*discovery.EXAMINATION_FAILURES, NotFound) as error:
            self._note(f"{path}: not a {model.__name__} that can be read: {_in_short(error)}")
            return None


def _in_short(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False)[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    return str(error)


def _name(thing: FoundFiles | Path) -> Path | str:
    return thing if isinstance(thing, Path) else thing.stored.folder


def _take(things: Iterator[T]) -> list[T]:
    return list(itertools.islice(things, _AT_ONCE))


def _plan_row(plan: WorkPlan, path: Path) -> dict[str, Any]:
    return {
        "plan_id": plan.id,
        "job_id": plan.job_id,
        "playlist_id": plan.playlist_id,
        "metadata_only": plan.metadata_only,
        "file_name": path.name,
        "created_at": to_micros(plan.created_at),
        "updated_at": to_micros(plan.updated_at),
        "total_videos": plan.total_videos,
        "successful_videos": plan.successful_videos,
    }
