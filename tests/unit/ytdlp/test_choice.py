"""Which picture is chosen for a quality, by YouTube's labels, through yt-dlp's own processing."""

import pytest

from tests.unit.ytdlp.formats import Info, lasting, picture, selected, sound
from ytarchive.common.quality import Quality
from ytarchive.media import quality_label
from ytarchive.ytdlp.choice import Wanted, name_by_language
from ytarchive.ytdlp.selection import unusual

USUAL = [
    picture("134", 640, 360), picture("136", 1280, 720), picture("137", 1920, 1080),
    picture("248", 1920, 1080, ext="webm"), picture("299", 1920, 1080, fps=60),
    picture("313", 3840, 2160, ext="webm"), sound("140"), sound("251", "webm"),
]  # fmt: skip

SR = {"format_note": "1080p, AI-upscaled", "url": "https://x/?xtags=sr%3D1"}


def chosen(formats: list[Info], quality: Quality) -> tuple[str, str | None]:
    """The ids of the formats, and what the result is called."""
    info = selected(formats, Wanted(quality))
    return info["format_id"], quality_label(info)


@pytest.mark.parametrize(
    ("quality", "expected"),
    [
        (Quality.BEST, "313+140"),
        (Quality.P2160, "313+140"),
        (Quality.P1440, "299+140"),
        (Quality.P1080, "299+140"),
        (Quality.P720, "136+140"),
        (Quality.P480, "134+140"),
        (Quality.P360, "134+140"),
        (Quality.AUDIO, "140"),
    ],
)
def test_quality_or_the_next_lower_one_is_chosen(quality: Quality, expected: str) -> None:
    assert selected(USUAL, Wanted(quality))["format_id"] == expected


@pytest.mark.parametrize(
    ("sizes", "quality", "expected"),
    [
        ([(1280, 536, "720p"), (1920, 804, "1080p"), (2560, 1072, "1440p")], "1080p", "1080p"),
        ([(1280, 536, "720p"), (1920, 804, "1080p")], "1080p", "1080p"),
        ([(1280, 536, "720p60"), (1920, 804, "1080p60 HDR")], "720p", "720p"),
        ([(1920, 1080, "1080p"), (3840, 1080, "2160p60")], "1080p", "1080p"),
        ([(1080, 1920, "1080p"), (720, 1280, "720p")], "720p", "720p"),
        ([(608, 1080, "1080p"), (406, 720, "720p")], "720p", "720p"),
        ([(1080, 1920, None), (720, 1280, None)], "1080p", "1080p"),
        ([(1080, 1080, "1080p"), (720, 720, "720p")], "1080p", "1080p"),
        ([(1920, 1078, "1080p"), (1920, 1078, None)], "1080p", "1080p"),
        ([(1920, 1078, None)], "1080p", "1078p"),
        ([(1920, 1080, "1080p Premium"), (1280, 720, "720p")], "1080p", "1080p"),
        ([(2560, 1072, None), (2560, 1072, "1440p"), (1280, 536, "720p")], "1080p", "720p"),
        ([(3840, 1604, "2160p60 HDR")], "1080p", "2160p"),
        ([(7680, 4320, "4320p60"), (3840, 2160, "2160s60")], "2160p", "2160p"),
    ],
)
def test_youtubes_label_decides_and_without_one_the_shorter_side(
    sizes: list[tuple[int, int, str | None]], quality: str, expected: str
) -> None:
    pictures = [picture(str(300 + n), *size) for n, size in enumerate(sizes)]
    assert chosen([*pictures, sound("140")], Quality(quality))[1] == expected


@pytest.mark.parametrize("quality", [Quality.BEST, Quality.P1080, Quality.P360])
def test_upscaled_picture_is_chosen_only_if_there_is_no_other(quality: Quality) -> None:
    upscaled = picture("137-sr", 1920, 1080, **SR)
    formats = [picture("135", 854, 480, "480p"), upscaled, sound("140")]
    assert chosen(formats, quality) == ("135+140", "480p")
    alone = selected([upscaled, sound("140")], Wanted(quality))
    assert quality_label(alone) == "1080p"
    assert "picture upscaled by YouTube" in unusual(alone, Wanted())


def test_streams_shorter_than_the_others_are_avoided_whatever_length_is_announced() -> None:
    damaged = lasting(picture("137", 1920, 1080, "1080p", preference=None), 4)
    usual = [lasting(picture("136", 1280, 720, "720p", preference=-10), 60)]
    usual += [lasting(sound(number, preference=-10), 60) for number in ("139", "140")]
    assert chosen([damaged, *usual], Quality.BEST)[1] == "720p"


def test_picture_without_sound_and_sound_without_picture_are_chosen_alone() -> None:
    assert selected([picture("136", 1280, 720)], Wanted())["format_id"] == "136"
    assert selected([sound("140")], Wanted())["format_id"] == "140"


def test_one_format_with_both_is_preferred_to_a_silent_picture() -> None:
    both = picture("18", 640, 360, acodec="mp4a.40.2")
    assert selected([picture("136", 1280, 720), both], Wanted())["format_id"] == "18"
    assert selected([both], Wanted(Quality.AUDIO))["format_id"] == "18"


def test_tracks_of_one_number_are_named_by_language_in_any_order() -> None:
    tracks = [
        {"format_id": "140-0", "language": "de"},
        {"format_id": "140-1", "language": "en"},
        {"format_id": "140-2"},
        {"format_id": "251-0", "language": "en"},
        {"format_id": "251-1", "language": "en"},
        {"format_id": "140-drc", "language": "../x"},
    ]
    name_by_language(tracks)
    assert [each["format_id"] for each in tracks] == [
        "140-de", "140-en", "140", "251-0", "251-1", "140-drc",
    ]  # fmt: skip
