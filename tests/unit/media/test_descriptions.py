"""Metadata from yt-dlp's info."""

from typing import Any

import pytest

from ytarchive.media.descriptions import video_metadata


@pytest.mark.parametrize(
    ("info", "kind"),
    [
        ({"media_type": "video"}, "video"),
        ({"media_type": "video", "release_timestamp": 1_761_908_406}, "premiere"),
        ({"media_type": "livestream", "release_timestamp": 1_657_641_570}, "live"),
        ({"media_type": "short"}, "short"),
        ({}, None),
    ],
)
def test_a_video_with_a_time_of_release_is_a_premiere(info: dict[str, Any], kind: str) -> None:
    assert video_metadata({"id": "jNQXAC9IVRw"} | info).kind == kind
