"""Fetches comments and live chat, which need many requests each. They never fail a video.

Each request waits for a permit of the server, so that it counts towards the request pace.
"""

import contextlib
import json
import queue
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from yt_dlp.utils import YoutubeDLError

from ytarchive.common.archived_files import ArchivedFile, Role
from ytarchive.common.models import utc_now
from ytarchive.media import Info
from ytarchive.ytdlp.api import DownloadOrder
from ytarchive.ytdlp.worker.sequential_fetcher import OutOfTimeError, WantedFile
from ytarchive.ytdlp.worker.sidefiles import NotThereError

_SECONDS = 1800.0
"""Time for the comments or the live chat of a video."""
_LARGEST_CHAT = 512 * 2**20
_Ask = queue.SimpleQueue[bool]


class PacedFetcher:
    """Runs a function of yt-dlp in a thread, whose requests wait for `permit`.

    A thread that waits more than `timeout` seconds for a server is abandoned, because nothing can
    end it; `has_hanging_thread` is True then.
    """

    def __init__(self, ydl: Any, permit: Callable[[], bool], timeout: float) -> None:
        self.ydl = ydl
        self.has_hanging_thread = False
        self._permit = permit
        self._timeout = timeout

    def run(self, fetch: Callable[[], None], check: Callable[[], None] = lambda: None) -> None:
        """Run `fetch`; `check` is called before each request. Raises the exception of either."""
        events = queue.SimpleQueue[_Ask | Exception | None]()
        self.ydl.before_request = partial(_wait_for_permit, events)
        try:
            threading.Thread(target=_perform, args=(fetch, events), daemon=True).start()
            while (event := self._next(events)) is not None:
                if isinstance(event, Exception):
                    raise event
                event.put(self._is_permitted(check, event))
        finally:
            self.ydl.before_request = lambda: None

    def _is_permitted(self, check: Callable[[], None], ask: _Ask) -> bool:
        try:
            check()
        except ValueError:
            ask.put(False)
            raise
        return self._permit()

    def _next(self, events: queue.SimpleQueue[_Ask | Exception | None]) -> _Ask | Exception | None:
        try:
            return events.get(timeout=self._timeout)
        except queue.Empty:
            self.has_hanging_thread = True
            raise OutOfTimeError(f"no answer within {self._timeout:g} seconds") from None


def _perform(fetch: Callable[[], None], events: queue.SimpleQueue[_Ask | Exception | None]) -> None:
    try:
        fetch()
    except Exception as failure:  # every exception is the outcome of the file
        events.put(failure)
    else:
        events.put(None)


def _wait_for_permit(events: queue.SimpleQueue[_Ask | Exception | None]) -> None:
    ask = _Ask()
    events.put(ask)
    if not ask.get():
        raise ValueError("not requested, because requests to YouTube are paused")


class PacedFiles:
    """Fetches the comments and the live chat that an order requests, each written as it arrives."""

    def __init__(self, info: Info, order: DownloadOrder, fetcher: PacedFetcher) -> None:
        self.remarks: list[str] = []
        self._info = info
        self._order = order
        self._fetcher = fetcher
        self._end = 0.0

    def outcomes(self) -> Iterator[tuple[WantedFile, Exception | None]]:
        """Fetch the files; yield each with its failure, or None."""
        fetches = {Role.COMMENTS: self._comments, Role.LIVE_CHAT: self._live_chat}
        for role, fetch in fetches.items():
            if not self._order.profile.wants(role):
                continue
            name = f"{self._order.video_id}.{role}.json"
            target = self._order.folder / name
            file = ArchivedFile(name=name, role=role, format="json")
            yield WantedFile(file, target, lambda: b""), self._fetched(target, fetch)

    def _fetched(self, target: Path, fetch: Callable[[Path], None]) -> Exception | None:
        if target.is_file():
            return None
        target.parent.mkdir(exist_ok=True)  # no parents: the archive's disk may be unmounted
        part = target.with_name(f".{target.name}.part")
        self._end = time.monotonic() + _SECONDS
        try:
            fetch(part)
            part.replace(target)
        except Exception as failure:  # no error in yt-dlp may lose the video
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
            return failure
        return None

    # --- comments -----------------------------------------------------------------------------

    def _comments(self, part: Path) -> None:
        """Write the comments. Raises NotThereError if there are none, or they are disabled."""
        profile, ydl = self._order.profile, self._fetcher.ydl
        params = ydl.params
        arguments = params.get("extractor_args", {})
        wanted = {
            "max_comments": [str(profile.most_comments)],
            "comment_sort": [profile.comment_sort.value],
        }
        arguments = arguments | {"youtube": arguments.get("youtube", {}) | wanted}
        ydl.params = params | {"extractor_args": arguments}
        try:
            self._fetcher.run(lambda: self._write_comments(part))
        finally:
            ydl.params = params

    def _write_comments(self, part: Path) -> None:
        ydl, written, is_complete = self._fetcher.ydl, 0, True
        extractor = ydl.get_info_extractor("Youtube")
        # Without the watch page yt-dlp makes the address of the comments from the video's id.
        found = extractor._get_comments({}, self._order.video_id, [], None)  # noqa: SLF001  # the public way extracts the video again
        head = {"fetched_at": utc_now().isoformat(), "sort": self._order.profile.comment_sort}
        with part.open("w", encoding="utf-8", errors="replace") as file:
            file.write(json.dumps(head)[:-1] + ', "comments": [')
            for comment in found:
                file.write(",\n" * bool(written) + json.dumps(comment, ensure_ascii=False))
                written += 1
                if time.monotonic() > self._end:
                    self.remarks.append(f"only the first {written} comments, after half an hour")
                    is_complete = False
                    break
            is_complete &= written < self._order.profile.most_comments
            file.write(f'], "complete": {json.dumps(is_complete)}}}\n')
        if not written:
            raise NotThereError("YouTube has none, or they are disabled")

    # --- live chat ----------------------------------------------------------------------------

    def _live_chat(self, part: Path) -> None:
        """Write the messages of a finished stream, one JSON object per line."""
        tracks = (self._info.get("subtitles") or {}).get("live_chat") or []
        track = next((each for each in tracks if each.get("protocol") == _REPLAY), None)
        if track is None:
            raise NotThereError("YouTube has none")
        headers = {"http_headers": self._info.get("http_headers")}

        def fetch() -> None:
            if not self._fetcher.ydl.dl(str(part), headers | track, subtitle=True)[0]:
                raise YoutubeDLError("the transfer failed")

        self._fetcher.run(fetch, lambda: self._check_chat(part))
        if not part.stat().st_size:
            raise NotThereError("YouTube has no message")

    def _check_chat(self, part: Path) -> None:
        written = sum(path.stat().st_size for path in part.parent.glob(f"{part.name}*"))
        if written > _LARGEST_CHAT:
            raise NotThereError(f"it has more than {_LARGEST_CHAT // 2**20} MiB")
        if time.monotonic() > self._end:
            raise OutOfTimeError("it did not arrive within half an hour")


_REPLAY = "youtube_live_chat_replay"
