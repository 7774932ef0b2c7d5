"""What a profile chooses of a video, and the reason of each choice and replacement."""

from typing import Any

import pytest

from tests.unit.ytdlp.formats import Info, picture, selected, sound
from ytarchive.common.profile import ArchiveProfile
from ytarchive.ytdlp import FormatChoice, explained
from ytarchive.ytdlp.choice import Wanted

DUBS = [
    sound("140-0", language="en", language_preference=10, format_note="English original, medium"),
    sound("140-1", language="de", language_preference=-1, format_note="German, medium"),
]
FILM: list[Info] = [
    picture("134", 640, 360), picture("136", 1280, 720), picture("137", 1920, 1080),
    picture("248", 1920, 1080, ext="webm", vcodec="vp9"), sound("140"),
    sound("251", "webm", acodec="opus"),
]  # fmt: skip
CAPTIONS: Info = {
    "subtitles": {"en-GB": [{"ext": "vtt", "url": "https://x/"}]},
    "automatic_captions": {"fr": [{"ext": "vtt", "url": "https://x/"}]},
}


def choice(formats: list[Info], **profile: Any) -> FormatChoice:
    info = {"id": "x", "formats": [each.copy() for each in formats], **CAPTIONS}
    found = explained(info, ArchiveProfile.model_validate(profile))
    assert found is not None
    return found


def reasons(found: FormatChoice, subject: str) -> list[tuple[str, bool]]:
    return [(each.reason, each.is_fallback) for each in found.reasons if each.subject == subject]


@pytest.mark.parametrize(
    "profile",
    [
        {}, {"quality": "480p"}, {"quality": "audio"}, {"quality": "best", "video_codec": "vp9"},
        {"quality": "audio", "audio_format": "opus"}, {"container": "webm", "video_codec": "vp9"},
        {"audio_language": "de"}, {"all_audio_tracks": True}, {"max_fps": 24, "hdr": False},
    ],
)  # fmt: skip
def test_the_explained_formats_are_those_that_a_download_fetches(profile: dict[str, Any]) -> None:
    for formats in (FILM, [*FILM[:4], *DUBS]):
        wanted = Wanted.by(ArchiveProfile.model_validate(profile))
        fetched = selected([each.copy() for each in formats], wanted)["format_id"]
        assert "+".join(choice(formats, **profile).format_ids) == fetched


@pytest.mark.parametrize(
    ("profile", "expected"),
    [
        ({"quality": "720p"}, [("720p as requested", False)]),
        (
            {"quality": "480p"},
            [("360p is the next lower quality, because there is no 480p", True)],
        ),
        ({"quality": "audio"}, [("none, because audio is requested", False)]),
        (
            {"video_codec": "vp9"},
            [("1080p as requested", False), ("vp9 as requested", False)],
        ),
        (
            {"quality": "720p", "video_codec": "av1"},
            [("720p as requested", False), ("avc1, because 720p does not exist in av1", True)],
        ),
        (
            {"quality": "best"},
            [
                ("1080p is the highest quality of this video", False),
                ("avc1 of 2 formats of 1080p: most frames per second, then mp4", False),
            ],
        ),
    ],
)
def test_picture_is_explained(profile: dict[str, Any], expected: list[tuple[str, bool]]) -> None:
    assert reasons(choice(FILM, **profile), "picture") == expected


def test_quality_below_everything_that_youtube_has_is_a_replacement() -> None:
    found = choice([picture("137", 1920, 1080), sound("140")], quality="360p")
    reason = "1080p is the lowest quality, because YouTube has none up to 360p"
    assert reasons(found, "picture") == [(reason, True)]


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        (None, ("original sound: English (en)", False)),
        ("de", ("de, because de is requested", False)),
        ("fr", ("no sound in fr; original sound: English (en)", True)),
    ],
)
def test_sound_is_explained(language: str | None, expected: tuple[str, bool]) -> None:
    found = choice([*FILM[:4], *DUBS], audio_language=language)
    assert reasons(found, "sound") == [expected]


@pytest.mark.parametrize(
    ("profile", "container", "expected"),
    [
        ({}, "mp4", ("mp4, because no other one is requested", False)),
        ({"container": "mkv"}, "mkv", ("mkv as requested", False)),
        ({"container": "webm", "quality": "720p"}, "mkv",
         ("in mkv, because webm cannot have h264 and opus", True)),
        ({"quality": "audio"}, "m4a", ("m4a, because no other one is requested", False)),
        ({"quality": "audio", "audio_format": "opus"}, "opus", ("opus as requested", False)),
        ({"quality": "audio", "audio_format": "mp3"}, "mp3",
         ("mp3 as requested, converted from aac", False)),
    ],
)  # fmt: skip
def test_container_is_explained(
    profile: dict[str, Any], container: str, expected: tuple[str, bool]
) -> None:
    found = choice(FILM, **profile)
    assert (found.container, reasons(found, "container")) == (container, [expected])


def test_limits_of_frame_rate_and_hdr_are_explained() -> None:
    fast = [picture("299", 1920, 1080, fps=60), picture("298", 1280, 720, fps=30), sound("140")]
    reason = "720p is the next lower quality, because there is no 1080p within the limits"
    assert reasons(choice(fast, max_fps=30), "picture") == [(reason, True)]
    too_fast = reasons(choice(fast[::2], max_fps=30), "picture")
    assert ("60 frames a second, because there are no fewer", True) in too_fast
    hdr = [picture("337", 3840, 2160, dynamic_range="HDR10"), sound("140")]
    found = reasons(choice(hdr, quality="best", hdr=False), "picture")
    assert ("picture in HDR, because there is no other", True) in found


def test_all_sound_tracks_are_explained() -> None:
    found = choice([*FILM[:4], *DUBS], all_audio_tracks=True)
    assert found.container == "mkv"
    assert ("all 2 tracks: en, de", False) in reasons(found, "sound")


def test_captions_are_explained_by_language() -> None:
    found = choice(FILM, caption_languages=["en", "fr", "ja"], auto_captions=True)
    assert (found.captions, found.automatic_captions) == (["en-GB"], ["fr"])
    assert reasons(found, "captions") == [
        ("en: en-GB, made by people", False),
        ("fr: fr, automatic, because people have made none", True),
        ("ja: none, because people have made none", True),
    ]
    without = choice(FILM, caption_languages=["fr"])
    reason = "fr: none, because people have made none; automatic ones are not requested"
    assert reasons(without, "captions") == [(reason, True)]
    none = choice(FILM, include_captions=False)
    assert reasons(none, "captions") == [("none, because none are requested", False)]


def test_video_without_media_has_no_choice() -> None:
    assert explained({"id": "x", "formats": []}, ArchiveProfile()) is None


def test_side_files_and_embedding_are_explained_if_they_are_requested() -> None:
    pictures = {"thumbnails": [{"url": "https://i.ytimg.com/vi/x/hq.jpg"}]}
    info = {"id": "x", "title": "Film", "formats": FILM, **CAPTIONS, **pictures}

    def of(**wanted: Any) -> dict[str, list[tuple[str, bool]]]:
        found = explained(info, ArchiveProfile.model_validate(wanted))
        assert found is not None
        subjects = {each.subject for each in found.reasons} - {"picture", "sound", "container"}
        return {each: reasons(found, each) for each in subjects}

    none = [("none, because none are requested", False)]
    assert of(caption_languages=[], include_thumbnail=False) == {"captions": none}
    everything = {name: True for name in ArchiveProfile.model_fields
                  if name.startswith(("include_", "embed_", "sponsor"))}  # fmt: skip
    absent = [("none, because YouTube has none", True)]
    assert of(**everything, max_comments=0, comment_sort="new") == {
        "captions": [("en: en-GB, made by people", False)],
        "thumbnail": [("the largest picture of YouTube", False)],
        "description": absent,
        "comments": [("at most 100000, the newest first, after the media", False)],
        "live chat": absent,
        "embedding": [
            ("tags, cover, captions in en-GB, as requested", False),
            ("chapters of SponsorBlock, which is asked after the media", False),
            ("not embedded, because there are none: chapters", True),
        ],
    }
    embedded = of(container="webm", video_codec="vp9", embed_thumbnail=True)["embedding"]
    assert ("no cover, because webm cannot have one", True) in embedded
