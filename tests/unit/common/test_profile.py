"""The files that a profile requests, and the missing files of a stored video."""

import pytest

from ytarchive.common.media_requests import ONLY_AUDIO, only_by_download, request_hint
from ytarchive.common.profile import (
    ArchiveProfile,
    CaptionFormat,
    CommentSort,
    files_to_fetch,
    missing_files,
)
from ytarchive.common.quality import Quality

EN = ArchiveProfile()
PLAIN = ArchiveProfile(include_captions=False, include_thumbnail=False)


def wants(*languages: str) -> ArchiveProfile:
    return ArchiveProfile(caption_languages=list(languages), include_thumbnail=False)


@pytest.mark.parametrize(
    ("wanted", "present", "missing"),
    [
        (EN, [], ["thumbnail", "captions:en"]),
        (EN, ["thumbnail", "captions:en"], []),
        (EN, ["captions:en-GB"], ["thumbnail"]),
        (PLAIN, [], []),
        (wants("he", "de"), ["captions:iw"], ["captions:de"]),
        (wants("en"), ["captions:en.srt"], ["captions:en"]),
        (wants("all"), ["captions:en"], ["captions:all"]),
        (wants("en.*"), ["captions:en", "captions:en-GB"], ["captions:en-*"]),
        (wants("en.*"), ["captions:en-*"], []),
        (wants("en"), ["captions:en-*"], []),
        (
            wants("en").model_copy(update={"caption_formats": [CaptionFormat.ORIGINAL]}),
            ["captions:en"],
            ["captions:en.json3"],
        ),
        (
            wants("en").model_copy(update={"caption_formats": [CaptionFormat.ORIGINAL]}),
            ["captions:en.ttml"],
            [],
        ),
    ],
)
def test_missing_files_are_requested_and_not_present(
    wanted: ArchiveProfile, present: list[str], missing: list[str]
) -> None:
    assert missing_files(wanted, present) == missing


@pytest.mark.parametrize(
    ("asked", "due", "expected"),
    [
        (wants("en"), [], ["captions:de", "captions:fr"]),
        (wants("en", "de"), [], ["captions:fr"]),
        (wants("en", "de"), ["de"], ["captions:de", "captions:fr"]),
        (wants("en", "de"), None, ["captions:de", "captions:fr"]),
        (wants("all"), [], []),
        (wants("en-*"), [], ["captions:de", "captions:fr"]),
        (None, [], []),
        (None, ["fr"], ["captions:fr"]),
    ],
)
def test_earlier_requested_files_are_requested_again_only_when_due(
    asked: ArchiveProfile | None, due: list[str] | None, expected: list[str]
) -> None:
    assert files_to_fetch(wants("en", "de", "fr"), asked, ["captions:en"], due) == expected


def test_variants_of_a_language_are_requested_once_and_again_if_there_were_none() -> None:
    group, one = wants("en-*"), ["captions:en-GB"]
    assert files_to_fetch(group, wants("en"), one, []) == ["captions:en-*"]
    assert files_to_fetch(group, group, one, ["en-*"]) == []
    assert files_to_fetch(group, group, ["captions:de"], []) == []
    assert files_to_fetch(group, group, ["captions:de"], ["en-*"]) == ["captions:en-*"]


@pytest.mark.parametrize(
    ("quality", "stored", "asked", "expected"),
    [
        ("1080p", "360p", None, True),
        ("best", "2160p", None, True),
        ("360p", "720p", None, False),
        ("1080p", "360p", "1080p", False),
        ("2160p", "360p", "1080p", True),
        ("best", "1080p", "best", False),
        ("720p", "audio", "audio", True),
        ("audio", "360p", None, False),
        ("1080p", None, None, False),
    ],
)
def test_better_quality_may_exist_unless_it_was_requested_before(
    quality: str, stored: str | None, asked: str | None, expected: bool
) -> None:
    before = ArchiveProfile(quality=Quality(asked)) if asked else None
    assert ArchiveProfile(quality=Quality(quality)).may_improve(stored, before) is expected


def test_side_files_of_two_requests_are_added_up() -> None:
    one = ArchiveProfile(quality=Quality.P360, include_captions=False)
    other = ArchiveProfile(caption_languages=["de"], auto_captions=True, include_thumbnail=False)
    both = one.with_side_files_of(other)
    assert both.quality is Quality.P360
    assert both.side_files == ["thumbnail", "captions:en", "captions:de"]
    assert both.auto_captions


def test_other_side_files_are_requested_once() -> None:
    wanted = ArchiveProfile(include_description=True)
    assert files_to_fetch(wanted, EN, ["captions:en"], ()) == ["description"]
    assert files_to_fetch(wanted, wanted, ["captions:en"], ()) == []
    assert EN.with_side_files_of(wanted).wants("description")


@pytest.mark.parametrize(("most", "later", "expected"), [
    (20, 40, ["comments"]), (20, 0, ["comments"]), (0, 40, []), (20, 20, []), (40, 20, []),
])  # fmt: skip
def test_more_comments_than_before_are_requested_again(
    most: int, later: int, expected: list[str]
) -> None:
    asked = ArchiveProfile(include_comments=True, max_comments=most)
    wanted = ArchiveProfile(include_comments=True, max_comments=later)
    present = ["captions:en", "comments", "thumbnail"]
    assert files_to_fetch(wanted, asked, present, []) == expected
    assert files_to_fetch(wanted, asked.with_side_files_of(wanted), present, []) == []


def test_comments_in_another_order_are_requested_once_and_again_after_a_request_in_the_first() -> (
    None
):
    top = ArchiveProfile(include_comments=True, max_comments=50)
    newest = ArchiveProfile(include_comments=True, max_comments=20, comment_sort=CommentSort.NEW)
    present = ["captions:en", "comments", "thumbnail"]
    assert files_to_fetch(newest, top, present, []) == ["comments"]
    for both in (newest.with_side_files_of(top), top.with_side_files_of(newest, is_later=True)):
        assert files_to_fetch(newest, both, present, []) == []
        assert files_to_fetch(top, both, present, []) == ["comments"]
    assert files_to_fetch(EN, newest, present, []) == []
    assert EN.with_side_files_of(newest).comment_sort is CommentSort.NEW


@pytest.mark.parametrize(
    ("wanted", "asked", "expected"),
    [
        ({}, {}, ""),
        ({"audio_language": "de"}, {}, "sound in de"),
        ({"audio_language": "de"}, {"audio_language": "de"}, ""),
        ({"audio_language": "de"}, {"all_audio_tracks": True}, ""),
        ({}, {"audio_language": "de"}, ""),
        ({"all_audio_tracks": True}, {"audio_language": "de"}, "all sound tracks"),
        ({"video_codec": "vp9"}, {}, "a picture in vp9"),
        ({"max_fps": 30}, {}, "at most 30 frames per second"),
        ({"max_fps": 30}, {"max_fps": 60}, "at most 30 frames per second"),
        ({"max_fps": 30}, {"max_fps": 25}, ""),
        ({"hdr": False}, {}, "a picture without HDR"),
        ({"sponsorblock_chapters": True}, {}, "SponsorBlock chapters"),
        ({"quality": "audio", "video_codec": "vp9", "audio_language": "de"}, {}, "sound in de"),
        ({"audio_language": "de", "hdr": False}, None, "sound in de, a picture without HDR"),
    ],
)
def test_streams_that_only_a_download_gives_are_named_unless_they_were_requested(
    wanted: dict[str, object], asked: dict[str, object] | None, expected: str
) -> None:
    before = None if asked is None else ArchiveProfile.model_validate(asked)
    assert only_by_download(ArchiveProfile.model_validate(wanted), before) == expected


@pytest.mark.parametrize(
    ("wanted", "quality", "media", "expected"),
    [
        (
            "audio",
            "720p",
            "a.mp4",
            f"stored as a video, which audio does not replace; {ONLY_AUDIO}",
        ),
        ("audio", None, "a.mkv", f"stored as a video, which audio does not replace; {ONLY_AUDIO}"),
        ("audio", "audio", "a.webm", ""),
        ("audio", None, "a.m4a", ""),
        ("720p", "audio", "a.m4a", "stored as audio; use --upgrade to fetch 720p"),
        ("720p", "360p", "a.mp4", "stored at 360p; use --upgrade to fetch 720p"),
        ("720p", "720p", "a.mp4", ""),
        ("720p", None, "a.mp4", ""),
    ],
)
def test_hint_names_the_difference_of_the_stored_media_and_the_remedy(
    wanted: str, quality: str | None, media: str, expected: str
) -> None:
    profile = ArchiveProfile.model_validate({"quality": wanted})
    assert request_hint(profile, None, quality, media) == expected


def test_an_empty_list_of_languages_means_no_captions() -> None:
    assert not wants().wants("captions:en")
    assert missing_files(wants(), []) == []
