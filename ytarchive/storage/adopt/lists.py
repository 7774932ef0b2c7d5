"""Marks the videos of which a folder has no media, but which its download archives name."""

import asyncio
from pathlib import Path

from ytarchive.common.file_names import file_name, shown_name
from ytarchive.storage.adopt.recorded_ids import A_LIST, listed_ids
from ytarchive.storage.adopt.records import ListRecords
from ytarchive.storage.marks.api import MarksAPI
from ytarchive.storage.marks.models import KnownVideos

_AT_ONCE = 10_000
_LONGEST_PLACE = 500


class ListImporter:
    """Imports the lists of yt-dlp's `--download-archive` in one folder.

    yt-dlp does not fetch the videos in such a list, and jobs for lists do not either. A video with
    media in the folder is not marked: if the media was refused, it should be fetched.
    """

    def __init__(self, records: ListRecords, marks: MarksAPI, root: Path, *, dry_run: bool) -> None:
        self._records = records
        self._marks = marks
        self._root = root
        self._dry_run = dry_run

    async def mark_known(self) -> None:
        """Import all lists, and record the outcome of each. It can be repeated."""
        for path in await self._records.download_archives():
            file = self._root / file_name(path)
            video_ids = await asyncio.to_thread(listed_ids, file)
            if video_ids is not None:
                await self._import(path, video_ids, shown_name(str(file))[-_LONGEST_PLACE:])

    async def _import(self, path: str, video_ids: list[str], place: str) -> None:
        known = 0
        for start in range(0, len(video_ids), _AT_ONCE):
            some = await self._records.without_media(video_ids[start : start + _AT_ONCE])
            if self._dry_run or not some:
                known += len(some)
                continue
            done = await self._marks.mark_known(KnownVideos(video_ids=some, place=place))
            known += done.marked + done.known_before
        named = f"{A_LIST}; videos of YouTube: {len(video_ids)}"
        await self._records.explain(path, f"{named}; without media and known elsewhere: {known}")
