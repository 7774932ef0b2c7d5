"""A yt-dlp whose requests cannot be guarded is not used."""

from typing import Any

import pytest
import yt_dlp
from yt_dlp.networking._urllib import UrllibRH

from ytarchive.common.errors import ToolMissing
from ytarchive.ytdlp.network import QuietYoutubeDL, RefusedError

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
