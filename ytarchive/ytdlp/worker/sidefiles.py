"""Thumbnail and captions, fetched while the media are transferred. They never fail a video.

What YouTube does not have is final. What it has and did not deliver (nothing, too slowly, too much,
or another content) is `missing`: a later run requests it again.
"""

import contextlib
import queue
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from yt_dlp.utils import YoutubeDLError

from ytarchive.common.media import THUMBNAIL, captions_in
from ytarchive.ytdlp.api import CAPTIONS_NOT_ASKED, DownloadOrder
from ytarchive.ytdlp.formats import Info
from ytarchive.ytdlp.selection import (
    ALL_LANGUAGES,
    missing_captions,
    select_captions,
    thumbnail_urls,
)
from ytarchive.ytdlp.worker.classifier import facts_of
from ytarchive.ytdlp.worker.sidefetch import SideFetcher, is_final
from ytarchive.ytdlp.worker.staging import make_folder
from ytarchive.ytdlp.worker.wording import clean

_TOO_MANY_REQUESTS = 429
_SECONDS_BETWEEN_SIGNS = 0.5
_FAILURES = (YoutubeDLError, OSError, ValueError)
_TOO_LATE = "it had not arrived when the media was complete"
Outcome = bytes | Exception


class OutOfTimeError(TimeoutError):
    """A side file did not arrive in its time; the thread that fetches it may still wait."""


class _Wanted(NamedTuple):
    """A side file: its name among `SideFiles` and for people, its place, and how to fetch it."""

    key: str
    name: str
    target: Path
    fetch: Callable[[], bytes]


class SideFiles:
    """Fetches the side files of one order in a thread, one after the other.

    Each is fetched in a further thread, which is abandoned after `timeout` seconds: nothing can end
    a thread that waits for a server. `has_hanging_threads` is True then, and this process should
    take no other task. After the block `files` has what was fetched.
    """

    def __init__(self, ydl: Any, info: Info, order: DownloadOrder, timeout: float) -> None:
        self.files: list[Path] = []
        self.added: list[str] = []
        self.remarks: list[str] = []
        self.missing: list[str] = []
        self.captions_refused = False
        self.has_hanging_threads = False
        self._order = order
        self._timeout = timeout
        self._fetcher = SideFetcher(ydl, order.folder / ".side-files")
        self._stopped = threading.Event()
        self._answers = queue.SimpleQueue[Outcome]()
        self._wanted = [*self._captions(info), *self._thumbnail(info)]
        self._thread = threading.Thread(target=self._fetch_all, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self._stopped.set()
        self._answers.put(OutOfTimeError(_TOO_LATE))
        self._thread.join()

    def wait(self, sign: Callable[[], None], *, at_most: float | None = None) -> None:
        """Wait for the files, at most so many seconds, with a sign of life twice a second."""
        end = time.monotonic() + (float("inf") if at_most is None else at_most)
        while self._thread.is_alive() and time.monotonic() < end:
            sign()
            self._thread.join(_SECONDS_BETWEEN_SIGNS)

    def _captions(self, info: Info) -> list[_Wanted]:
        order = self._order
        if not order.include_captions:
            return []
        tracks = select_captions(info, order.caption_languages, automatic=order.auto_captions)
        missing = missing_captions(order.caption_languages, tracks)
        if missing:
            named = [each for each in missing if each != ALL_LANGUAGES]
            self.remarks.append("no captions" + f" in {', '.join(named)}" * bool(named))
        headers = info.get("http_headers")
        return [
            self._caption(code, {"http_headers": headers, **track})
            for code, track in tracks.items()
        ]

    def _caption(self, code: str, track: Info) -> _Wanted:
        target = self._order.folder / "captions" / f"{self._order.video_id}.{code}.vtt"
        fetch = partial(self._fetch_captions, track)
        return _Wanted(captions_in(code), f"captions in {code}", target, fetch)

    def _fetch_captions(self, track: Info) -> bytes:
        is_spared = self._order.spares_captions or self.captions_refused
        if is_spared and track.get("data") is None:
            raise ValueError(CAPTIONS_NOT_ASKED)
        try:
            return self._fetcher.captions(track)
        except YoutubeDLError as failure:
            self.captions_refused |= facts_of(failure).status == _TOO_MANY_REQUESTS
            raise

    def _thumbnail(self, info: Info) -> list[_Wanted]:
        if not self._order.include_thumbnail:
            return []
        target = self._order.folder / f"{self._order.video_id}.jpg"
        fetch = partial(self._fetcher.picture, thumbnail_urls(info))
        return [_Wanted(THUMBNAIL, THUMBNAIL, target, fetch)]

    def _fetch_all(self) -> None:
        for wanted in self._wanted:
            try:
                if not wanted.target.is_file():
                    _write(wanted.target, self._content(wanted.fetch))
            except _FAILURES as failure:
                self.remarks.append(f"no {wanted.name}: {clean(str(failure))}")
                if not is_final(failure):
                    self.missing.append(wanted.key)
            else:
                self.files.append(wanted.target)
                self.added.append(wanted.name)

    def _content(self, fetch: Callable[[], bytes]) -> bytes:
        """Run `fetch` in a thread of its own. Raises what it raises, or OutOfTimeError."""
        self._answers = answers = queue.SimpleQueue[Outcome]()
        if self._stopped.is_set():
            raise OutOfTimeError(_TOO_LATE)
        threading.Thread(target=_answer, args=(fetch, answers), daemon=True).start()
        try:
            outcome = answers.get(timeout=self._timeout)
        except queue.Empty:
            outcome = OutOfTimeError(f"it did not arrive within {self._timeout:g} seconds")
        if isinstance(outcome, Exception):
            self.has_hanging_threads |= isinstance(outcome, OutOfTimeError)
            raise outcome
        return outcome


def _answer(fetch: Callable[[], bytes], answers: queue.SimpleQueue[Outcome]) -> None:
    try:
        answers.put(fetch())
    except Exception as failure:  # whatever it is, it is the file's outcome
        answers.put(failure)


def _write(target: Path, content: bytes) -> None:
    make_folder(target.parent)
    part = target.with_name(f".{target.name}.part")
    try:
        part.write_bytes(content)
        part.replace(target)
    except OSError:
        with contextlib.suppress(OSError):
            part.unlink()
        raise
