"""The hosts to which yt-dlp may send requests. Imported only in worker processes.

Requests to other servers, on this machine, in its network or elsewhere, are refused, also after
redirects. All requests of yt-dlp pass through this module. ffmpeg's would not: it gets only files,
and is never used to download.
"""

import contextlib
import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import yt_dlp
from urllib3.connection import HTTPConnection
from yt_dlp.cache import Cache
from yt_dlp.downloader.common import FileDownloader
from yt_dlp.downloader.external import FFmpegFD
from yt_dlp.networking import Request
from yt_dlp.networking._requests import RequestsRH
from yt_dlp.networking.exceptions import RequestError
from yt_dlp.postprocessor.common import PostProcessor
from yt_dlp.utils import DownloadError

from ytarchive.common.errors import NoFormats, ToolMissing
from ytarchive.media import Info, parts_of
from ytarchive.ytdlp.selection import is_served_by
from ytarchive.ytdlp.worker.messages import LED_ELSEWHERE

_YOUTUBE = (
    "youtube.com",
    "youtu.be",
    "googlevideo.com",
    "ytimg.com",
    "ggpht.com",
    "googleusercontent.com",
    "googleapis.com",
    "google.com",  # sign-in and bot check
)
_CLOSED_PROXY = "http://127.0.0.1:1"


def is_youtube(url: str) -> bool:
    """Return whether an address is one of YouTube's servers, by TLS."""
    return is_served_by(_YOUTUBE, url)


class RefusedError(RequestError):  # type: ignore[misc]  # published without types
    """A request was addressed to a server that is not YouTube's."""


def _refuse(*_: Any) -> bool:
    """Refuse ffmpeg's download, which yt-dlp uses for unusual streams."""
    raise NoFormats("only ffmpeg could fetch this stream, and it may not use the network")


FFmpegFD.real_download = _refuse


def _print_nothing(*_: Any) -> None:
    """Replace yt-dlp's progress lines, which it formats for each block even if it prints none.

    The hooks in `options.py` are still called.
    """


FileDownloader.report_progress = PostProcessor.report_progress = _print_nothing


class YouTubeOnlyRH(RequestsRH):  # type: ignore[misc]  # published without types
    """Sends yt-dlp's requests, only to YouTube's servers and a server in the settings."""

    def __init__(self, *, also: str | None, further: set[str], **given: Any) -> None:
        super().__init__(**given)
        self._further = further
        self._also = parts_of(also)[:2] if also else None

    def send(self, request: Request) -> Any:
        """Send a request, and follow redirects within YouTube.

        Raises RefusedError or another error.
        """
        self._require_allowed(request.url)
        return super().send(request)

    def _create_instance(self, **given: Any) -> Any:
        session = super()._create_instance(**given)
        session.hooks["response"].append(self._look_at_redirect)
        for adapter in session.adapters.values():
            # Behind a proxy urllib3 leaves Nagle's algorithm on: the body of every request then
            # waits 40 ms for the acknowledgement of the headers.
            adapter.proxy_manager_for = functools.partial(
                adapter.proxy_manager_for, socket_options=HTTPConnection.default_socket_options
            )
        return session

    def _look_at_redirect(self, response: Any, **_: Any) -> None:
        """Check each answer before `requests` follows its redirect."""
        target = response.headers.get("location")
        if response.is_redirect and target:
            self._require_allowed(_joined(response.url, target), because=LED_ELSEWHERE)

    def _require_allowed(self, url: str, because: str = "") -> None:
        parts = parts_of(url)
        is_further = bool(self._further) and is_served_by(self._further, url)
        if not is_youtube(url) and parts[:2] != self._also and not is_further:
            raise RefusedError(f"{parts.netloc or 'that'} is not one of YouTube's servers{because}")


def _joined(base: str, target: str) -> str:
    try:
        return urljoin(base, target)
    except ValueError:
        return ""


class LiteralCache(Cache):  # type: ignore[misc]  # published without types
    """yt-dlp's cache, in the folder that the options name."""

    def _get_root_dir(self) -> str:
        """Return the folder unchanged; yt-dlp would expand `$` and `~`."""
        return str(self._ydl.params["cachedir"])


class QuietYoutubeDL(yt_dlp.YoutubeDL):  # type: ignore[misc]  # published without types
    """yt-dlp restricted to YouTube's servers, without the tables of formats, which are unused."""

    def __init__(self, options: dict[str, Any], also: str | None) -> None:
        self.refuses_network = False
        self.on_request: Callable[[bool], None] = lambda is_unanswered: None
        """Called when a request begins and when it ends."""
        self.before_request: Callable[[], None] = lambda: None
        """Called before a request, which its exception prevents."""
        self._also = also
        self._further: set[str] = set()
        super().__init__(options)
        self.cache = LiteralCache(self)
        self._require_guard()

    def _forceprint(self, key: str, info_dict: Info) -> Info:
        """Skip yt-dlp's tables, which it builds eight times per video without printing them."""
        return info_dict

    def get_output_path(
        self, dir_type: str = "", filename: str | None = None
    ) -> str:  # yt-dlp's signature
        """Return the path unchanged; yt-dlp would expand `$` and `~` in the archive's path."""
        return str(Path(self.params["paths"]["home"], filename or ""))

    def _ensure_dir_exists(self, path: str) -> bool:
        """Create no folder: if the parent is missing, the archive's disk is not mounted."""
        if Path(path).parent.is_dir():
            return True
        self.report_error(f"unable to write {path}: its folder is missing")
        return False

    @functools.cached_property
    def _request_director(self) -> Any:
        """Use only this handler, so that unsupported requests cannot be sent."""
        handler = functools.partial(YouTubeOnlyRH, also=self._also, further=self._further)
        return self.build_request_director([handler])

    @contextlib.contextmanager
    def allowing(self, host: str) -> Iterator[None]:
        """Allow requests to another host within the block."""
        self._further.add(host)
        try:
            yield
        finally:
            self._further.clear()

    def _require_guard(self) -> None:
        """Refuse a version of yt-dlp that bypasses this handler. Raises ToolMissing."""
        try:
            handlers = self._request_director.handlers.values()
        except DownloadError:
            return  # unreadable cookies: no request is possible, and each task reports why
        try:
            self.urlopen(Request("https://elsewhere.invalid/", proxies={"all": _CLOSED_PROXY}))
        except RefusedError:
            is_guarded = all(isinstance(each, YouTubeOnlyRH) for each in handlers)
        except Exception:  # any other exception shows that the handler was bypassed
            is_guarded = False
        if not is_guarded:
            raise ToolMissing("it would send requests past the guard; another version is needed")

    def urlopen(self, request: Any) -> Any:
        """Request a URL; during a rehearsal at a port without listener."""
        if self.refuses_network:
            request = Request(request) if isinstance(request, str) else request
            request.proxies = {"all": _CLOSED_PROXY}
        self.before_request()
        self.on_request(True)
        try:
            return super().urlopen(request)
        finally:
            self.on_request(False)
