"""Which captions and which picture are taken."""

from typing import Any

import pytest

from ytarchive.common.languages import without
from ytarchive.media import quality_label
from ytarchive.ytdlp.selection import select_captions, thumbnail_urls


def tracks(*codes: str, ext: str = "vtt") -> dict[str, list[dict[str, str]]]:
    return {
        code: [{"ext": "json3", "url": f"j-{code}"}, {"ext": ext, "url": f"v-{code}"}]
        for code in codes
    }


INFO: dict[str, Any] = {
    "subtitles": tracks("de", "en-US", "en-GB", "pt") | {"live_chat": [{"ext": "json"}]},
    "automatic_captions": tracks("en", "fr", "pt"),
}

CASES = [
    (["de"], False, ["de"]),
    (["en"], False, ["en-GB"]),
    (["en"], True, ["en-GB"]),
    (["EN-us", "PT"], False, ["en-US", "pt"]),
    (["pt-br"], False, ["pt"]),
    (["ALL"], False, ["de", "en-GB", "en-US", "pt"]),
    (["en-US"], False, ["en-US"]),
    (["fr"], False, []),
    (["fr"], True, ["fr"]),
    (["pt", "de", "xx"], True, ["pt", "de"]),
    (["live_chat"], True, []),
    (["en", "en-GB"], False, ["en-GB"]),
    ([], True, []),
    (["en-*"], False, ["en-GB", "en-US"]),
    (["en-*"], True, ["en-GB", "en-US"]),
    (["en-US-*", "xx-*"], True, ["en-US"]),
    (["fr-*"], False, []),
    (["fr-*"], True, ["fr"]),
]


@pytest.mark.parametrize(("asked", "automatic", "expected"), CASES)
def test_captions_by_people_come_before_automatic_ones(
    asked: list[str], automatic: bool, expected: list[str]
) -> None:
    assert list(select_captions(INFO, asked, automatic=automatic)) == expected


@pytest.mark.parametrize(
    ("offered", "asked"),
    [("iw", "he"), ("zh-Hans", "zh-CN"), ("zh-Hant", "zh-TW"), ("pt-BR", "pt-br"), ("in", "id")],
)
@pytest.mark.parametrize("table", ["subtitles", "automatic_captions"])
def test_captions_are_found_under_youtubes_code(offered: str, asked: str, table: str) -> None:
    info = {table: tracks("fr", offered)}
    found = select_captions(info, [asked], automatic=True)
    assert list(found) == [offered]
    assert without([asked, "xx"], found) == ["xx"]


def test_automatic_captions_of_the_spoken_language_are_found() -> None:
    info = {"automatic_captions": tracks("en-orig", "de", "en")}
    assert list(select_captions(info, ["en"], automatic=True)) == ["en"]
    only = {"automatic_captions": tracks("en-orig")}
    assert list(select_captions(only, ["en"], automatic=True)) == ["en-orig"]


def test_a_manual_track_is_preferred_to_an_automatic_one() -> None:
    info = {"subtitles": tracks("en"), "automatic_captions": {"en": [{"ext": "vtt", "url": "a"}]}}
    assert select_captions(info, ["en"], automatic=True)["en"]["url"] == "v-en"


def test_a_language_code_that_could_leave_the_folder_is_refused() -> None:
    assert not select_captions({"subtitles": tracks("../../en")}, ["../../en"], automatic=False)


def test_captions_without_webvtt_are_left_out() -> None:
    assert not select_captions({"subtitles": tracks("en", ext="ttml")}, ["en"], automatic=False)


def test_the_largest_picture_comes_first_as_jpeg_and_only_from_youtubes_own_hosts() -> None:
    urls = {
        "https://i.ytimg.com/vi_webp/x/maxresdefault.webp": 10,
        "https://i.ytimg.com/vi/x/maxresdefault.jpg": 9,
        "https://i.ytimg.com/vi_webp/x/hq720.webp": 8,
        "https://i.ytimg.com/vi/x/hqdefault.jpg?sqp=1": 5,
        "https://evil.example/x.jpg": 20,
        "https://ytimg.com.evil.example/x.jpg": 20,
        "http://i.ytimg.com/vi/x/default.jpg": 20,
        "file:///etc/passwd": 20,
    }
    info = {"thumbnails": [{"url": url, "preference": rank} for url, rank in urls.items()]}
    assert thumbnail_urls(info) == [
        "https://i.ytimg.com/vi/x/maxresdefault.jpg",
        "https://i.ytimg.com/vi_webp/x/maxresdefault.webp",
        "https://i.ytimg.com/vi_webp/x/hq720.webp",
        "https://i.ytimg.com/vi/x/hqdefault.jpg?sqp=1",
    ]


@pytest.mark.parametrize(
    ("info", "expected"),
    [
        ({"width": 1280, "height": 720}, "720p"),
        ({"width": 720, "height": 1280}, "720p"),
        ({"height": 720}, "720p"),
        ({"vcodec": "none", "width": None}, None),
    ],
)
def test_quality_is_the_shorter_side(info: dict[str, Any], expected: str | None) -> None:
    assert quality_label(info) == expected
