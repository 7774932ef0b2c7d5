"""The metadata of a video from yt-dlp's info."""

import pytest

from ytarchive.media import video_metadata

PICTURE = "https://i.ytimg.com/vi/aaaaaaaaaaa/hqdefault.jpg"


@pytest.mark.parametrize("names", [[PICTURE, f"{PICTURE}?v=65aa"], [f"{PICTURE}?v=65aa", PICTURE]])
def test_an_address_with_the_version_of_a_thumbnail_is_preferred(names: list[str]) -> None:
    info = {"id": "aaaaaaaaaaa", "thumbnails": [{"url": each} for each in names]}
    assert video_metadata(info).thumbnail_urls == {"high": f"{PICTURE}?v=65aa"}


@pytest.mark.parametrize(
    ("info", "expected"),
    [({"live_status": None}, True), ({"live_status": "not_live"}, False), ({}, False)],
)
def test_texts_of_a_page_may_be_translated(info: dict[str, str | None], expected: bool) -> None:
    assert video_metadata({"id": "aaaaaaaaaaa", **info}).is_translated is expected
