"""A yt-dlp whose requests cannot be guarded is not used; requests are not delayed."""

import socket
from typing import Any

import pytest
import yt_dlp
from yt_dlp.networking._urllib import UrllibRH
from yt_dlp.networking.exceptions import TransportError

from ytarchive.common.errors import ToolMissing
from ytarchive.ytdlp.worker.network import QuietYoutubeDL, RefusedError

OPTIONS = {"quiet": True, "allowed_extractors": ["youtube.*"]}


def test_a_yt_dlp_that_sends_requests_another_way_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As if its next version had given the way another name."""

    def urlopen(ydl: Any, request: Any) -> Any:
        return ydl.build_request_director([UrllibRH]).send(request)

    monkeypatch.setattr(yt_dlp.YoutubeDL, "urlopen", urlopen)
    with pytest.raises(ToolMissing, match="past the guard"):
        QuietYoutubeDL(OPTIONS, None)


def test_a_second_handler_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    build = yt_dlp.YoutubeDL.build_request_director

    def with_another(ydl: Any, handlers: list[Any], preferences: Any = None) -> Any:
        return build(ydl, [*handlers, UrllibRH], preferences)

    monkeypatch.setattr(yt_dlp.YoutubeDL, "build_request_director", with_another)
    with pytest.raises(ToolMissing, match="past the guard"):
        QuietYoutubeDL(OPTIONS, None)


def test_the_installed_one_is_guarded() -> None:
    guarded = QuietYoutubeDL(OPTIONS, None)
    with pytest.raises(RefusedError):
        guarded.urlopen("https://elsewhere.invalid/")


def test_another_host_is_allowed_only_within_the_block() -> None:
    asking = QuietYoutubeDL({**OPTIONS, "proxy": "http://127.0.0.1:1"}, None)
    with asking.allowing("sponsor.example"):
        with pytest.raises(TransportError):  # the closed proxy: it was not refused
            asking.urlopen("https://sponsor.example/")
        for address in ("https://elsewhere.example/", "http://sponsor.example/"):
            with pytest.raises(RefusedError):
                asking.urlopen(address)
    with pytest.raises(RefusedError):
        asking.urlopen("https://sponsor.example/")


def test_behind_a_proxy_everything_is_sent_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise each request would wait 40 ms between its headers and its body."""
    chosen: list[tuple[Any, ...]] = []

    class Watched(socket.socket):
        def setsockopt(self, *option: Any) -> None:
            chosen.append(option)
            super().setsockopt(*option)

    monkeypatch.setattr(socket, "socket", Watched)
    asking = QuietYoutubeDL({**OPTIONS, "proxy": "http://127.0.0.1:1"}, None)
    with pytest.raises(TransportError):
        asking.urlopen("https://www.youtube.com/")
    assert (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1) in chosen
