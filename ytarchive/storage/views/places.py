"""Assigns videos their places in media-server views, once.

A place is stored in the video's marks, so that it stays when the title or the name of the channel
changes and a rebuilt library has it. Two places change: that of a video without channel or date,
when both are known; and that of a video whose media changes between sound and picture.
"""

import asyncio
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Self

from loguru import logger

from ytarchive.common.archived_files import Role
from ytarchive.common.database import Database, Row
from ytarchive.common.errors import LocalError
from ytarchive.storage.marks.models import MarkedVideo, marks_of, marks_row, write_marks
from ytarchive.storage.marks.records import MarkRecords
from ytarchive.storage.store.changes import Changes
from ytarchive.storage.store.layout import Layout, is_sound_alone
from ytarchive.storage.views import names
from ytarchive.storage.views.entries import Place, ViewVideo
from ytarchive.storage.views.media_server import (
    UNKNOWN_CHANNEL,
    album_folder,
    episode_number,
    path_of,
    season_of,
)

log = logger.bind(service="storage")


@dataclass
class _Taken:
    """The folders and numbers that have been assigned."""

    folders: dict[str, str] = field(default_factory=dict)
    """By the id of the channel."""
    names: set[str] = field(default_factory=set)
    """The names of the folders, as systems compare them that ignore case."""
    numbers: defaultdict[tuple[str, int], set[int]] = field(
        default_factory=lambda: defaultdict(set)
    )
    """By folder and season."""

    @classmethod
    def of(cls, rows: Iterable[Row]) -> Self:
        """Return what the places of all videos take."""
        taken = cls()
        for row in rows:
            place = _place(row)
            if place is not None:
                taken.add(place, row["channel_id"])
        return taken

    def add(self, place: Place, channel_id: str) -> None:
        """Record a place."""
        if channel_id and place.show != UNKNOWN_CHANNEL:
            self.folders.setdefault(channel_id, place.show)
        self.names.add(names.folded(place.show))
        self.numbers[place.show, place.season].add(place.episode)

    def folder(self, video: ViewVideo) -> str:
        """Return the folder of a video's channel: the first name that the channel had."""
        if not video.channel_id:
            return UNKNOWN_CHANNEL
        known = self.folders.get(video.channel_id)
        if known is not None:
            return known
        chosen = names.name(video.channel_title, otherwise=video.channel_id)
        if names.folded(chosen) in self.names or chosen.lower() == UNKNOWN_CHANNEL.lower():
            chosen = names.name(
                video.channel_title, f" [{video.channel_id}]", otherwise=video.channel_id
            )
        return chosen


class Places:
    """The places of the archive's videos."""

    def __init__(self, database: Database, layout: Layout, changes: Changes) -> None:
        self.database = database
        self.layout = layout
        self._changes = changes
        self._turn = asyncio.Lock()
        self._taken: _Taken | None = None

    async def of(self, videos: Sequence[ViewVideo], *, dry_run: bool = False) -> dict[str, Place]:
        """Return the places of videos, and assign missing ones, by date within a call.

        `dry_run`: store none. A video whose marks cannot be read has no place.
        """
        async with self._turn:
            asked = {"video_ids": json.dumps([video.video_id for video in videos])}
            rows = {
                row["video_id"]: row
                for row in await self.database.fetch_all("episodes_among", asked)
            }
            found = {each: place for each, row in rows.items() if (place := _place(row))}
            lacking = [each for each in videos if _needs_place(each, found.get(each.video_id))]
            if lacking:
                wished = {each: row["episode"] for each, row in rows.items()}
                new = await self._choose(lacking, found, wished)
                if dry_run:
                    self._taken = None
                else:
                    new = await self._changes.run_to_end(self._store(new))
                found |= new
        return found

    async def _choose(
        self, videos: list[ViewVideo], earlier: dict[str, Place], wished: dict[str, int]
    ) -> dict[str, Place]:
        if self._taken is None:
            self._taken = _Taken.of(await self.database.fetch_all("all_episodes"))
        taken = self._taken
        chosen: dict[str, Place] = {}
        for video in sorted(videos, key=_by_date):
            place = _chosen(video, taken, earlier.get(video.video_id), wished.get(video.video_id))
            taken.add(place, video.channel_id)
            chosen[video.video_id] = place
        return chosen

    async def _store(self, places: dict[str, Place]) -> dict[str, Place]:
        """Write the marks before their rows. Return the stored places."""
        async with AsyncExitStack() as held:
            for video_id in sorted(places):
                await held.enter_async_context(self._changes.lock(video_id))
            known = await MarkRecords(self.database, self.layout).known_among(places)
            marked = await asyncio.to_thread(self._write, places, known)
            rows = [marks_row(each) for each in marked]
            await self.database.write(lambda writer: writer.execute_many("upsert_marks", rows))
        return {each.video_id: places[each.video_id] for each in marked}

    def _write(self, places: dict[str, Place], known: dict[str, str]) -> list[MarkedVideo]:
        marked = []
        for video_id, place in places.items():
            try:
                earlier = marks_of(self.layout, video_id, known.get(video_id))
                marked.append(_with_place(earlier, place))
            except LocalError as error:
                log.error("{} is not shown in media-server views: {}", video_id, error.message)
        write_marks(self.layout, marked)
        return marked


def _place(row: Row) -> Place | None:
    path = row["episode_path"]
    if path is None:
        return None
    season = row["season"] or 0
    is_music = path.split("/")[1:2] == [album_folder(season)]
    return Place(season, row["episode"], path, is_music)


def _with_place(marked: MarkedVideo, place: Place) -> MarkedVideo:
    update = {"season": place.season, "episode": place.episode, "episode_path": place.path}
    return marked.model_copy(update=update)


def _is_music(video: ViewVideo) -> bool:
    return any(is_sound_alone(file.key) for file in video.with_roles(Role.MEDIA))


def _needs_place(video: ViewVideo, place: Place | None) -> bool:
    if not video.with_roles(Role.MEDIA):
        return False
    is_dated = place is not None and place.season == 0 and video.channel_id and video.uploaded
    return place is None or bool(is_dated) or place.is_music != _is_music(video)


def _chosen(video: ViewVideo, taken: _Taken, earlier: Place | None, wished: int | None) -> Place:
    day = video.uploaded.date() if video.uploaded and video.channel_id else None
    folder, season, is_music = taken.folder(video), season_of(day), _is_music(video)
    if earlier is not None and earlier.season == season:
        folder, episode = earlier.show, earlier.episode  # only the kind of its media changed
    else:
        numbers = taken.numbers[folder, season]
        own = wished if earlier is None and wished not in numbers else None
        episode = episode_number(day, numbers) if own is None else own
    path = path_of(video, folder, season, episode, is_music=is_music)
    return Place(season, episode, path, is_music)


def _by_date(video: ViewVideo) -> tuple[float, str]:
    return (video.uploaded.timestamp() if video.uploaded else 0.0, video.video_id)
