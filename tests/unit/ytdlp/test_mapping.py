"""yt-dlp's info as our models."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from ytarchive.common.media import VideoMetadata
from ytarchive.media import video_metadata
from ytarchive.ytdlp.worker.mapping import list_details, playlist_video

INFO: dict[str, Any] = {
    "id": "dQw4w9WgXcQ",
    "title": "A film",
    "description": "Words",
    "duration": 212.6,
    "timestamp": 1704110400,
    "upload_date": "20240102",
    "channel_id": "UC" + "x" * 22,
    "channel": "Channel",
    "view_count": 7,
    "subtitles": {"en": [{"ext": "vtt"}], "live_chat": [{"ext": "json"}]},
    "thumbnails": [
        {"url": "https://i.ytimg.com/vi_webp/x/hqdefault.webp"},
        {"url": "https://i.ytimg.com/vi/x/hqdefault.jpg?s=1"},
        {"url": "https://i.ytimg.com/vi/x/maxresdefault.jpg"},
    ],
}


def test_a_video_becomes_metadata() -> None:
    found = video_metadata(INFO)
    assert (found.video_id, found.title, found.duration) == ("dQw4w9WgXcQ", "A film", 213)
    assert found.upload_date == datetime(2024, 1, 1, 12, tzinfo=UTC)
    assert (found.view_count, found.like_count) == (7, None)
    assert found.available_captions == ["en"]
    assert found.thumbnail_urls == {
        "high": "https://i.ytimg.com/vi/x/hqdefault.jpg?s=1",
        "maxres": "https://i.ytimg.com/vi/x/maxresdefault.jpg",
    }


def test_a_video_without_the_hour_of_its_upload_has_the_day() -> None:
    found = video_metadata({"id": "dQw4w9WgXcQ", "upload_date": "20240102"})
    assert found.upload_date == datetime(2024, 1, 2, tzinfo=UTC)


@pytest.mark.parametrize("length", [{}, {"duration": None}, {"duration": 0}])
def test_an_unknown_date_or_length_is_null(length: dict[str, int | None]) -> None:
    found = video_metadata({"id": "dQw4w9WgXcQ", **length})
    assert (found.upload_date, found.duration) == (None, None)
    assert '"upload_date":null' in found.model_dump_json()
    assert playlist_video({"id": "dQw4w9WgXcQ", **length}, 0).duration is None


def test_placeholders_of_earlier_versions_are_read_as_unknown() -> None:
    stored = video_metadata(INFO).model_dump(mode="json")
    stored |= {"upload_date": "1970-01-01T00:00:00Z", "duration": 0}
    found = VideoMetadata.model_validate_json(json.dumps(stored))
    assert (found.upload_date, found.duration) == (None, None)


def test_unavailable_entries_are_recognised_by_their_titles() -> None:
    titles = ["Film", "[Private video]", "[Deleted video]"]
    found = [playlist_video({"id": "dQw4w9WgXcQ", "title": t}, n) for n, t in enumerate(titles)]
    assert [each.is_available for each in found] == [True, False, False]
    assert [each.position for each in found] == [0, 1, 2]


def test_a_list_has_its_channel_and_count() -> None:
    info = {"title": "L", "uploader_id": "@chan", "channel": "Chan", "playlist_count": 250}
    details = list_details(info)
    assert (details["handle"], details["channel_title"], details["video_count"]) == (
        "@chan", "Chan", 250,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("info", "language"),
    [
        ({}, None),
        ({"language": "de"}, "de"),
        ({"formats": [{"language": "de"}, {"language": "en", "language_preference": 10}]}, "en"),
        ({"formats": [{"language": "de", "language_preference": 5}, {"language": "en"}]}, "de"),
        ({"formats": [{}, {"language_preference": None}]}, None),
    ],
)
def test_language_of_a_video_is_that_of_its_original_sound(
    info: dict[str, Any], language: str | None
) -> None:
    assert video_metadata(INFO | info).language == language


@pytest.mark.parametrize(
    ("availability", "for_members"),
    [("subscriber_only", True), ("public", False), ("unlisted", False), (None, None)],
)
def test_videos_for_members_are_recognised(
    availability: str | None, for_members: bool | None
) -> None:
    assert video_metadata(INFO | {"availability": availability}).members_only is for_members


@pytest.mark.parametrize(
    ("media_type", "kind"),
    [("video", "video"), ("short", "short"), ("livestream", "live"), ("other", None), (None, None)],
)
def test_kind_of_a_video_is_youtubes(media_type: str | None, kind: str | None) -> None:
    assert video_metadata(INFO | {"media_type": media_type}).kind == kind
