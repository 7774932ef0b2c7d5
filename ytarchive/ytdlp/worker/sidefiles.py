"""Thumbnail and captions, fetched while the media come in. Their failures never fail a video.

What YouTube does not have is final. What it has and did not give is `missing`: a later run asks
for it again.
"""

import subprocess
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from yt_dlp.networking import Request
from yt_dlp.networking.exceptions import HTTPError, TransportError, network_exceptions
from yt_dlp.utils import YoutubeDLError

from ytarchive.common.media import THUMBNAIL, captions_in
from ytarchive.ytdlp.api import CAPTIONS_NOT_ASKED, DownloadOrder
from ytarchive.ytdlp.selection import (
    ALL_LANGUAGES,
    Info,
    missing_captions,
    select_captions,
    thumbnail_urls,
)
from ytarchive.ytdlp.worker.classifier import facts_of
from ytarchive.ytdlp.worker.wording import clean

_LARGEST_IMAGE = 32 * 2**20
_JPEG = b"\xff\xd8"
_CONVERSION_SECONDS = 60
_SECONDS_BEFORE_THE_SECOND_TRY = 1.0
_THERE_IS_NONE = {404, 410}
_TOO_MANY_REQUESTS = 429
_FROM_PIPE = ("-protocol_whitelist", "pipe", "-i", "pipe:0")
_TO_JPEG = ("-frames:v", "1", "-f", "mjpeg", "-q:v", "2", "pipe:1")


class NotThereError(ValueError):
    """YouTube does not have it."""


class SparedError(ValueError):
    """It was not asked for, out of courtesy."""


class SideFiles:
    """Runs beside the transfer, in a thread; `files` is what there is of it at the end."""

    def __init__(self, ydl: Any, info: Info, order: DownloadOrder) -> None:
        self.files: list[Path] = []
        self.added: list[str] = []
        self.remarks: list[str] = []
        self.missing: list[str] = []
        self.captions_refused = False
        self._ydl = ydl
        self._order = order
        self._abandoned = False
        self._thumbnails = thumbnail_urls(info) if order.include_thumbnail else []
        self._captions = self._wanted_captions(info) if order.include_captions else {}
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
        self._abandoned = kind is not None
        self._thread.join()

    def _wanted_captions(self, info: Info) -> dict[str, Info]:
        order = self._order
        tracks = select_captions(info, order.caption_languages, automatic=order.auto_captions)
        missing = missing_captions(order.caption_languages, tracks)
        if missing:
            named = [each for each in missing if each != ALL_LANGUAGES]
            self.remarks.append("no captions" + f" in {', '.join(named)}" * bool(named))
        headers = info.get("http_headers")
        return {code: {"http_headers": headers, **track} for code, track in tracks.items()}

    def _fetch_all(self) -> None:
        for code, track in self._captions.items():
            target = self._order.folder / "captions" / f"{self._order.video_id}.{code}.vtt"
            fetch = partial(self._caption, track)
            self._attempt(captions_in(code), f"captions in {code}", target, fetch)
        if self._order.include_thumbnail:
            target = self._order.folder / f"{self._order.video_id}.jpg"
            self._attempt(THUMBNAIL, THUMBNAIL, target, self._thumbnail)

    def _attempt(self, key: str, name: str, target: Path, fetch: Callable[[Path], None]) -> None:
        if self._abandoned:
            return
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            if not target.is_file():
                fetch(target)
            self.files.append(target)
            self.added.append(name)
        except (YoutubeDLError, OSError, ValueError) as failure:
            self.remarks.append(f"no {name}: {clean(str(failure))}")
            if not _is_final(failure):
                self.missing.append(key)

    def _caption(self, track: Info, target: Path) -> None:
        """yt-dlp repeats by itself what a moment mends; too many requests are none of that."""
        if track.get("data") is not None:
            part = target.with_suffix(".part")
            part.write_text(track["data"], "utf-8")
            part.replace(target)
            return
        if self._order.spares_captions or self.captions_refused:
            raise SparedError(CAPTIONS_NOT_ASKED)
        try:
            arrived = self._ydl.dl(str(target), track, subtitle=True)[0]
        except YoutubeDLError as failure:
            self.captions_refused = facts_of(failure).status == _TOO_MANY_REQUESTS
            raise
        if not arrived:
            raise ValueError("the transfer failed")

    def _thumbnail(self, target: Path) -> None:
        """The best picture that is there; YouTube lists some that it does not have."""
        failure: Exception = NotThereError("YouTube has none")
        for url in self._thumbnails:
            try:
                image = self._image(url)
            except network_exceptions as error:
                failure = error
                if isinstance(error, HTTPError) and error.status == 404:
                    continue
                break
            part = target.with_suffix(".part")
            part.write_bytes(image if image.startswith(_JPEG) else self._as_jpeg(image))
            part.replace(target)
            return
        raise failure

    def _image(self, url: str) -> bytes:
        """Ask twice if need be. Raises one of yt-dlp's network exceptions."""
        try:
            return self._read(url)
        except network_exceptions as failure:
            is_passing = isinstance(failure, TransportError)
            if not is_passing and not (isinstance(failure, HTTPError) and failure.status >= 500):
                raise
        time.sleep(_SECONDS_BEFORE_THE_SECOND_TRY)
        return self._read(url)

    def _read(self, url: str) -> bytes:
        with self._ydl.urlopen(Request(url)) as response:
            content: bytes = response.read(_LARGEST_IMAGE)
            return content

    def _as_jpeg(self, image: bytes) -> bytes:
        ffmpeg = self._ydl.params["ffmpeg_location"]
        command = [ffmpeg, "-loglevel", "error", *_FROM_PIPE, *_TO_JPEG]
        try:
            return subprocess.run(  # noqa: S603  # our own ffmpeg with fixed arguments
                command, input=image, capture_output=True, check=True, timeout=_CONVERSION_SECONDS
            ).stdout
        except subprocess.SubprocessError as failure:
            raise ValueError("what YouTube sent is not an image") from failure


def _is_final(failure: BaseException) -> bool:
    """Whether asking again some other day is of no use."""
    return isinstance(failure, NotThereError) or facts_of(failure).status in _THERE_IS_NONE
