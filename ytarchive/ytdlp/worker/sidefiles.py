"""Fetches thumbnail and captions during the transfer of the media. They never fail a video.

Files that YouTube does not have are not requested again. Files that it has and did not deliver (no
answer, too slow, too large, wrong content) are `missing`: a later run requests them again.
"""

import shutil
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Self

from yt_dlp.networking import Request
from yt_dlp.networking.exceptions import HTTPError, TransportError, network_exceptions
from yt_dlp.utils import YoutubeDLError

from ytarchive.common.archived_files import ArchivedFile, Role, captions_file
from ytarchive.common.languages import ALL_LANGUAGES, without
from ytarchive.common.profile import CaptionFormat
from ytarchive.common.side_files import in_words
from ytarchive.media import (
    LARGEST_FILE,
    ContentError,
    Info,
    as_jpeg,
    require_captions,
    require_json_captions,
    require_xml_captions,
)
from ytarchive.ytdlp.api import CAPTIONS_NOT_ASKED, DownloadOrder
from ytarchive.ytdlp.selection import (
    select_captions,
    thumbnail_urls,
)
from ytarchive.ytdlp.worker.caption_formats import FirstOf, NotNeededError, Once, converted
from ytarchive.ytdlp.worker.classifier import facts_of
from ytarchive.ytdlp.worker.messages import clean
from ytarchive.ytdlp.worker.sequential_fetcher import SequentialFetcher, WantedFile
from ytarchive.ytdlp.worker.staging import make_folder

_BLOCK = 64 * 1024
_NO_SUCH_FILE = {404, 410}
_PLAIN = {None, "http", "https"}
_CHECKS = {"vtt": require_captions, "json3": require_json_captions}
"""By format; the others are XML."""


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
        """Return the content of a track. Raises ContentError, or what yt-dlp raises."""
        if track.get("data") is not None:
            content = str(track["data"]).encode()
        elif track.get("protocol") in _PLAIN:
            content = _repeated(lambda: self._read(track["url"], track.get("http_headers")))
        else:
            content = self._joined_fragments(track)
        _CHECKS.get(track["ext"], require_xml_captions)(content)
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


class SideFiles:
    """Fetches the side files of one order: the captions in turn, and the thumbnail in parallel.

    If `has_hanging_threads` is True after the block, this process should take no other task.
    """

    def __init__(self, ydl: Any, info: Info, order: DownloadOrder, timeout: float) -> None:
        self.fetched: list[WantedFile] = []
        self.remarks: list[str] = []
        self.missing: list[str] = []
        self.absent: list[str] = []
        self.captions_refused = False
        self._order = order
        self._ffmpeg: str = ydl.params["ffmpeg_location"]
        self._fetcher = SideFetcher(ydl, order.folder / ".side-files")
        self._fetchers = [
            SequentialFetcher(self._captions(info), timeout),
            SequentialFetcher([*self._description(info), *self._thumbnail(info)], timeout),
        ]

    @property
    def result(self) -> dict[str, Any]:
        """Return the fields of `Downloaded` about files that were not fetched."""
        return {
            "missing": self.missing,
            "absent_captions": self.absent,
            "captions_refused": self.captions_refused,
        }

    @property
    def has_hanging_threads(self) -> bool:
        """Return whether a fetch was abandoned while it waited for a server."""
        return any(fetcher.has_hanging_threads for fetcher in self._fetchers)

    def __enter__(self) -> Self:
        for fetcher in self._fetchers:
            fetcher.start()
        return self

    def __exit__(self, *_: object) -> None:
        for fetcher in self._fetchers:
            fetcher.stop()
            for wanted, failure in fetcher.outcomes:
                self.note(wanted, failure)

    def wait(self, sign: Callable[[], None], *, at_most: float | None = None) -> None:
        """Wait for the files, at most a number of seconds, with progress twice a second."""
        end = time.monotonic() + (float("inf") if at_most is None else at_most)
        sign()
        for fetcher in self._fetchers:
            while fetcher.wait(end, 0.5):
                sign()

    def note(self, wanted: WantedFile, failure: Exception | None) -> None:
        """Record the outcome of a file."""
        if isinstance(failure, NotNeededError):
            return
        if failure is None:
            self.fetched.append(wanted)
            return
        self.remarks.append(f"no {in_words([wanted.key])}: {clean(str(failure))}")
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
        """Yield the captions of one language in each format; WebVTT is fetched once for all."""
        fetch = Once(partial(self._fetch_captions, track))
        automatic, video_id = bool(track.get("is_automatic")), self._order.video_id
        for format_ in self._order.profile.caption_formats:
            if format_ is CaptionFormat.ORIGINAL:
                yield from self._originals(code, track)
                continue
            file = captions_file(video_id, code, format_.extension, automatic=automatic)
            content = partial(converted, fetch, format_, self._ffmpeg, automatic=automatic)
            yield WantedFile(file, self._order.folder / file.name, content)

    def _originals(self, code: str, track: Info) -> Iterator[WantedFile]:
        """Yield captions in YouTube's own formats, of which the first that it has is fetched."""
        first, automatic = FirstOf(is_final), bool(track.get("is_automatic"))
        video_id = self._order.video_id
        files = [captions_file(video_id, code, own["ext"], automatic=automatic)
                 for own in track["originals"]]  # fmt: skip
        if any(file.side_file in self._order.present for file in files):
            return
        for file, own in zip(files, track["originals"], strict=True):
            content = partial(first, partial(self._fetch_captions, {**track, **own}))
            yield WantedFile(file, self._order.folder / file.name, content)

    def _fetch_captions(self, track: Info) -> bytes:
        is_spared = self._order.omits_captions or self.captions_refused
        if is_spared and track.get("data") is None:
            raise ValueError(CAPTIONS_NOT_ASKED)
        try:
            return self._fetcher.captions(track)
        except YoutubeDLError as failure:
            self.captions_refused |= facts_of(failure).status == 429
            raise

    def _description(self, info: Info) -> list[WantedFile]:
        text = str(info.get("description") or "")
        if not text or not self._order.profile.include_description:
            return []
        name = f"{self._order.video_id}.description"
        file = ArchivedFile(name=name, role=Role.DESCRIPTION, format="txt")
        content = text.encode("utf-8", "replace")
        return [WantedFile(file, self._order.folder / name, lambda: content)]

    def _thumbnail(self, info: Info) -> list[WantedFile]:
        if not self._order.profile.include_thumbnail:
            return []
        name = f"{self._order.video_id}.jpg"
        file = ArchivedFile(name=name, role=Role.THUMBNAIL, format="jpg")
        fetch = partial(self._fetcher.picture, thumbnail_urls(info))
        return [WantedFile(file, self._order.folder / name, fetch)]
