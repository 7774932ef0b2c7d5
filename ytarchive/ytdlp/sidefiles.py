"""Thumbnail and captions, fetched while the media come in. Their failures never fail a video."""

import subprocess
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from yt_dlp.networking import Request
from yt_dlp.networking.exceptions import HTTPError, network_exceptions
from yt_dlp.utils import YoutubeDLError

from ytarchive.ytdlp.api import DownloadOrder
from ytarchive.ytdlp.selection import (
    ALL_LANGUAGES,
    Info,
    missing_captions,
    select_captions,
    thumbnail_urls,
)
from ytarchive.ytdlp.wording import clean

_LARGEST_IMAGE = 32 * 2**20
_JPEG = b"\xff\xd8"
_CONVERSION_SECONDS = 60
_FROM_PIPE = ("-protocol_whitelist", "pipe", "-i", "pipe:0")
_TO_JPEG = ("-frames:v", "1", "-f", "mjpeg", "-q:v", "2", "pipe:1")


class SideFiles:
    """Runs beside the transfer, in a thread; `files` is what there is of it at the end."""

    def __init__(self, ydl: Any, info: Info, order: DownloadOrder) -> None:
        self.files: list[Path] = []
        self.remarks: list[str] = []
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
            self._attempt(f"captions in {code}", target, partial(self._caption, track))
        if self._order.include_thumbnail:
            target = self._order.folder / f"{self._order.video_id}.jpg"
            self._attempt("thumbnail", target, self._thumbnail)

    def _attempt(self, name: str, target: Path, fetch: Callable[[Path], None]) -> None:
        if self._abandoned:
            return
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            if not target.is_file():
                fetch(target)
            self.files.append(target)
        except (YoutubeDLError, OSError, ValueError, subprocess.SubprocessError) as failure:
            self.remarks.append(f"no {name}: {clean(str(failure))}")

    def _caption(self, track: Info, target: Path) -> None:
        if track.get("data") is not None:
            part = target.with_suffix(".part")
            part.write_text(track["data"], "utf-8")
            part.replace(target)
        elif not self._ydl.dl(str(target), track, subtitle=True)[0]:
            raise ValueError("the transfer failed")

    def _thumbnail(self, target: Path) -> None:
        """The best picture that is there; YouTube lists some that it does not have."""
        failure: Exception = ValueError("YouTube has none")
        for url in self._thumbnails:
            try:
                with self._ydl.urlopen(Request(url)) as response:
                    image = response.read(_LARGEST_IMAGE)
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

    def _as_jpeg(self, image: bytes) -> bytes:
        ffmpeg = self._ydl.params["ffmpeg_location"]
        command = [ffmpeg, "-loglevel", "error", *_FROM_PIPE, *_TO_JPEG]
        return subprocess.run(  # noqa: S603  # our own ffmpeg with fixed arguments
            command, input=image, capture_output=True, check=True, timeout=_CONVERSION_SECONDS
        ).stdout
