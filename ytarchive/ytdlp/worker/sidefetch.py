"""Fetches one side file into memory, with a size limit, and checks its content."""

import shutil
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from yt_dlp.networking import Request
from yt_dlp.networking.exceptions import HTTPError, TransportError, network_exceptions
from yt_dlp.utils import YoutubeDLError

from ytarchive.media import LARGEST_FILE, ContentError, Info, as_jpeg, require_captions
from ytarchive.ytdlp.worker.classifier import facts_of
from ytarchive.ytdlp.worker.staging import make_folder

_BLOCK = 64 * 1024
_NO_SUCH_FILE = {404, 410}
_PLAIN = {None, "http", "https"}


class NotThereError(ValueError):
    """YouTube does not have the file."""


def is_final(failure: BaseException) -> bool:
    """Return whether a later request would have the same result."""
    return isinstance(failure, NotThereError) or facts_of(failure).status in _NO_SUCH_FILE


class SideFetcher:
    """Requests captions and pictures through one yt-dlp; `scratch` is a folder of its own."""

    def __init__(self, ydl: Any, scratch: Path) -> None:
        self._ydl = ydl
        self._scratch = scratch

    def captions(self, track: Info) -> bytes:
        """Return the WebVTT of a track. Raises ContentError, or what yt-dlp raises."""
        if track.get("data") is not None:
            content = str(track["data"]).encode()
        elif track.get("protocol") in _PLAIN:
            content = _repeated(lambda: self._read(track["url"], track.get("http_headers")))
        else:
            content = self._joined_fragments(track)
        require_captions(content)
        return content

    def picture(self, urls: list[str]) -> bytes:
        """Return the first existing picture as JPEG; YouTube lists pictures that it does not have.

        Raises NotThereError, ContentError, or what yt-dlp raises.
        """
        failure: Exception = NotThereError("YouTube has none")
        for url in urls:
            try:
                image = _repeated(partial(self._read, url, None))
            except HTTPError as error:
                if error.status not in _NO_SUCH_FILE:
                    raise
                failure = error
            else:
                return as_jpeg(image, self._ydl.params["ffmpeg_location"])
        raise failure

    def _read(self, url: str, headers: dict[str, str] | None) -> bytes:
        """Read in blocks, so that a compressed body cannot grow beyond the limit by one of them."""
        request = Request(url, headers={**(headers or {}), "Accept-Encoding": "identity"})
        content = bytearray()
        with self._ydl.urlopen(request) as response:
            while block := response.read(_BLOCK):
                content += block
                if len(content) > LARGEST_FILE:
                    raise ContentError(f"YouTube sent more than {LARGEST_FILE // 2**20} MiB")
        return bytes(content)

    def _joined_fragments(self, track: Info) -> bytes:
        """Download a track of fragments by yt-dlp."""
        target = self._scratch / "captions.vtt"
        try:
            make_folder(self._scratch)
            if not self._ydl.dl(str(target), track, subtitle=True)[0]:
                raise YoutubeDLError("the transfer failed")
            with target.open("rb") as file:
                return file.read(LARGEST_FILE + 1)
        finally:
            shutil.rmtree(self._scratch, ignore_errors=True)


def _repeated(read: Callable[[], bytes]) -> bytes:
    """Retry a request after a temporary error. Raises yt-dlp's network errors."""
    for seconds in (0.5, 1.5):
        try:
            return read()
        except network_exceptions as failure:
            passing = isinstance(failure, TransportError)
            if not passing and not (isinstance(failure, HTTPError) and failure.status >= 500):
                raise
        time.sleep(seconds)
    return read()
