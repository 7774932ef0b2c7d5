"""Fetches thumbnail and captions during the transfer of the media. They never fail a video.

Files that YouTube does not have are not requested again. Files that it has and did not deliver (no
answer, too slow, too large, wrong content) are `missing`: a later run requests them again.
"""

import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from yt_dlp.utils import YoutubeDLError

from ytarchive.common.archived_files import ArchivedFile, Role, captions_file
from ytarchive.common.languages import ALL_LANGUAGES, without
from ytarchive.common.side_files import THUMBNAIL, in_words
from ytarchive.media import Info
from ytarchive.ytdlp.api import CAPTIONS_NOT_ASKED, DownloadOrder
from ytarchive.ytdlp.selection import (
    select_captions,
    thumbnail_urls,
)
from ytarchive.ytdlp.worker.caption_formats import Once, converted
from ytarchive.ytdlp.worker.classifier import facts_of
from ytarchive.ytdlp.worker.messages import clean
from ytarchive.ytdlp.worker.sequential_fetcher import SequentialFetcher, WantedFile
from ytarchive.ytdlp.worker.sidefetch import SideFetcher, is_final


class SideFiles:
    """Fetches the side files of one order: the captions in turn, and the thumbnail in parallel.

    If `has_hanging_threads` is True after the block, this process should take no other task.
    """

    def __init__(self, ydl: Any, info: Info, order: DownloadOrder, timeout: float) -> None:
        self.files: list[Path] = []
        self.typed: list[ArchivedFile] = []
        self.added: list[str] = []
        self.remarks: list[str] = []
        self.missing: list[str] = []
        self.absent: list[str] = []
        self.captions_refused = False
        self._order = order
        self._ffmpeg: str = ydl.params["ffmpeg_location"]
        self._fetcher = SideFetcher(ydl, order.folder / ".side-files")
        self._fetchers = [
            SequentialFetcher(self._captions(info), timeout),
            SequentialFetcher(self._thumbnail(info), timeout),
        ]

    @property
    def has_hanging_threads(self) -> bool:
        """Return whether a fetch was abandoned while it waited for a server."""
        return any(fetcher.has_hanging_threads for fetcher in self._fetchers)

    def __enter__(self) -> Self:
        for fetcher in self._fetchers:
            fetcher.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        for fetcher in self._fetchers:
            fetcher.stop()
            for wanted, failure in fetcher.outcomes:
                self._note(wanted, failure)

    def wait(self, sign: Callable[[], None], *, at_most: float | None = None) -> None:
        """Wait for the files, at most a number of seconds, with progress twice a second."""
        end = time.monotonic() + (float("inf") if at_most is None else at_most)
        sign()
        for fetcher in self._fetchers:
            while fetcher.wait(end, 0.5):
                sign()

    def _note(self, wanted: WantedFile, failure: Exception | None) -> None:
        if failure is None:
            self.files.append(wanted.target)
            self.typed.append(wanted.file)
            self.added.append(wanted.name)
            return
        self.remarks.append(f"no {wanted.name}: {clean(str(failure))}")
        if not is_final(failure):
            self.missing.append(wanted.key)

    def _captions(self, info: Info) -> list[WantedFile]:
        order = self._order
        profile = order.profile
        if not profile.include_captions:
            return []
        tracks = select_captions(info, order.known_captions, automatic=True)
        tracks |= select_captions(info, profile.caption_languages, automatic=profile.auto_captions)
        self.absent = without([*order.known_captions, *profile.caption_languages], tracks)
        if self.absent:
            named = [each for each in self.absent if each.lower() != ALL_LANGUAGES]
            self.remarks.append("no captions" + f" in {', '.join(named)}" * bool(named))
        headers = info.get("http_headers")
        wanted = [
            each
            for code, track in tracks.items()
            for each in self._in_formats(code, {"http_headers": headers, **track})
            if each.key not in order.present
        ]
        # YouTube may have one language under two codes, as `iw` and `he`: the first is stored.
        return list({each.target: each for each in reversed(wanted)}.values())[::-1]

    def _in_formats(self, code: str, track: Info) -> Iterator[WantedFile]:
        """Yield the captions of one language in each format; they are fetched once."""
        fetch = Once(partial(self._fetch_captions, track))
        for format_ in self._order.profile.caption_formats:
            automatic = bool(track.get("is_automatic"))
            file = captions_file(self._order.video_id, code, format_, automatic=automatic)
            key = file.side_file or ""
            content = partial(converted, fetch, format_, self._ffmpeg)
            yield WantedFile(key, in_words([key]), file, self._order.folder / file.name, content)

    def _fetch_captions(self, track: Info) -> bytes:
        is_spared = self._order.omits_captions or self.captions_refused
        if is_spared and track.get("data") is None:
            raise ValueError(CAPTIONS_NOT_ASKED)
        try:
            return self._fetcher.captions(track)
        except YoutubeDLError as failure:
            self.captions_refused |= facts_of(failure).status == 429
            raise

    def _thumbnail(self, info: Info) -> list[WantedFile]:
        if not self._order.profile.include_thumbnail:
            return []
        name = f"{self._order.video_id}.jpg"
        file = ArchivedFile(name=name, role=Role.THUMBNAIL, format="jpg")
        fetch = partial(self._fetcher.picture, thumbnail_urls(info))
        return [WantedFile(THUMBNAIL, THUMBNAIL, file, self._order.folder / name, fetch)]
