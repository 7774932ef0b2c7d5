"""The original sound is chosen unless another language was requested, however it is offered."""

from typing import Any

import pytest

from tests.unit.ytdlp.formats import Info, picture, selected, sound
from ytarchive.common.quality import Quality
from ytarchive.ytdlp.choice import Wanted
from ytarchive.ytdlp.selection import audio_language, sound_remarks

PICTURE = picture("137", 1920, 1080, "1080p")
GERMAN: Info = {"language": "de", "language_preference": 10, "name": "German original (default)"}
DUB: Info = {
    "language": "en",
    "name": "English",
    "url": "https://x/?xtags=acont%3Ddubbed%3Alang%3Den",
}
DESCRIBED: Info = {
    "language": "de-desc", "language_preference": -10, "name": "German descriptive",
    "quality": 4,
}  # fmt: skip


def track(number: str, ext: str = "m4a", **given: Any) -> Info:
    return sound(number, ext, given.pop("name", ""), **given)


OFFERS = {
    "original sound only as opus": [
        track("140", **DUB), track("251-0", "webm", **DUB), track("251-1", "webm", **GERMAN),
    ],
    "original sound of lower quality": [
        track("140-0", **GERMAN | {"quality": 2}), track("140-1", **DUB),
    ],
    "audio description of higher quality": [
        track("140-0", **GERMAN), track("140-1", **DESCRIBED),
    ],
    "original is not the default": [
        track("140-0", language="de", language_preference=10, name="German original"),
        track("140-1", **DUB | {"language_preference": 5, "name": "English (default)"}),
    ],
    "original is named in the address alone": [
        track("140-0", language="de", url="https://x/?xtags=acont%3Doriginal%3Alang%3Dde"),
        track("140-1", language="en", language_preference=5, name="English (default)"),
    ],
    "no marker but the default": [
        track("140-0", language="de", language_preference=5, name="German (default)"),
        track("140-1", language="en", quality=4),
    ],
    "no marker, and a dub is the default": [
        track("140-0", language="de"),
        track("140-1", language="en", language_preference=5, url="https://x/?xtags=lang=en"),
    ],
    "a compressed variant": [
        track("140", **GERMAN),
        track("140-drc", **GERMAN | {"name": "German original (default), medium, DRC"}),
    ],
    "dubs marked in addresses made of paths": [
        track("233-0", language="de"),
        track("233-1", language="en", url="https://x/xtags/acont%3Ddubbed-auto%3Alang%3Den/a"),
    ],
    "original sound only with the picture": [
        track("140", **DUB),
        picture("18", 640, 360, "360p", acodec="mp4a.40.2", language="de", language_preference=10),
    ],
}  # fmt: skip


@pytest.mark.parametrize("quality", [Quality.BEST, Quality.P360, Quality.AUDIO])
@pytest.mark.parametrize("offer", OFFERS)
@pytest.mark.parametrize("reverse", [False, True])
def test_original_sound_is_chosen_however_it_is_offered(
    offer: str, quality: Quality, reverse: bool
) -> None:
    formats = [PICTURE, *OFFERS[offer]]
    info = selected(formats[::-1] if reverse else formats, Wanted(quality))
    assert audio_language(info) == "de"
    assert "drc" not in info["format_id"]


def test_original_sound_comes_in_the_best_quality_that_it_has() -> None:
    tracks = [
        track("139", **GERMAN | {"quality": 2}), track("251-0", "webm", **GERMAN),
        track("140", **DUB), track("251-1", "webm", **DUB),
    ]  # fmt: skip
    assert selected([PICTURE, *tracks], Wanted())["format_id"] == "137+251-de"
    assert selected([PICTURE, *tracks, track("140-9", **GERMAN)], Wanted())["acodec"][:4] == "mp4a"


@pytest.mark.parametrize(
    ("requested", "expected"),
    [("en", "en-US"), ("EN-us", "en-US"), ("de", "de"), ("de-desc", "de-desc"), ("fr", "de"),
     ("iw", "he"), ("pt-BR", "de")],
)  # fmt: skip
def test_requested_language_is_chosen_or_else_the_original(requested: str, expected: str) -> None:
    tracks = [
        track("140-0", **GERMAN), track("140-1", **DUB | {"language": "en-US"}),
        track("140-2", **DESCRIBED), track("251", "webm", language="he", name="Hebrew"),
        track("250", language="pt-PT", name="Portuguese"),
    ]  # fmt: skip
    info = selected([PICTURE, *tracks], Wanted(audio_language=requested))
    assert audio_language(info) == expected
    is_missing = f"no sound in {requested}" in sound_remarks(info, requested)
    assert is_missing is (requested in {"fr", "pt-BR"})


@pytest.mark.parametrize(
    ("tracks", "expected"),
    [
        ([track("140-0", **GERMAN), track("140-1", **DUB)], ["original sound: German (de)"]),
        ([track("140", language="de")], []),
        ([track("140", language="de"), track("251", "webm", language="de")], []),
        ([track("140", language="de"), track("251", **DESCRIBED)], ["sound: de"]),
        ([], []),
    ],
)
def test_result_names_the_language_where_there_are_several(
    tracks: list[Info], expected: list[str]
) -> None:
    assert sound_remarks(selected([PICTURE, *tracks], Wanted()), None) == expected
