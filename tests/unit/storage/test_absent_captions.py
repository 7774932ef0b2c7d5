"""Captions that YouTube did not have are requested again: when due, or for named videos."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from tests.unit.storage.samples import OTHER, VIDEO, save_request, side_request, stage
from ytarchive.common.config import StorageConfig
from ytarchive.common.models import utc_now
from ytarchive.common.profile import ArchiveProfile
from ytarchive.storage import ExistsRequest
from ytarchive.storage.library import absent_captions
from ytarchive.storage.service import StorageService

Travel = Callable[[float], None]


@pytest.fixture
def in_days(monkeypatch: pytest.MonkeyPatch) -> Travel:
    """Let a number of days pass for the schedule."""
    start = utc_now()

    def travel(days: float) -> None:
        def moment() -> datetime:
            return start + timedelta(days=days)

        monkeypatch.setattr(absent_captions, "utc_now", moment)

    return travel


async def stored(storage: StorageService, config: StorageConfig, *absent: str) -> None:
    """Store a video with captions in English, and another one with none missing."""
    request = save_request(stage(config)).model_copy(update={"absent_captions": list(absent)})
    await storage.save_video(request)
    await storage.save_video(save_request(stage(config, OTHER), OTHER))


async def incomplete(storage: StorageService, *languages: str, again: bool = False) -> list[str]:
    profile = ArchiveProfile(caption_languages=list(languages), include_thumbnail=False)
    asked = ExistsRequest(video_ids=[VIDEO, OTHER], profile=profile, recheck_captions=again)
    return (await storage.videos_exist(asked)).incomplete


async def look(storage: StorageService, config: StorageConfig, *absent: str) -> None:
    """Request Hebrew and German captions; `absent` still do not exist."""
    folder = config.staging_path / f"{VIDEO}.side_files"
    only = ["captions:he", "captions:de"]
    changed = {"only_missing": only, "missing": [], "absent_captions": list(absent)}
    await storage.save_video(side_request(folder).model_copy(update=changed))


async def test_absent_captions_are_due_after_growing_pauses(
    storage: StorageService, config: StorageConfig, in_days: Travel
) -> None:
    await stored(storage, config, "he", "de")
    assert await incomplete(storage, "he", "de") == []
    in_days(40)
    assert await incomplete(storage, "he") == [VIDEO]
    assert await incomplete(storage, "en") == await incomplete(storage) == []
    location = (await storage.video_exists(VIDEO)).location
    assert location is not None
    assert (sorted(location.due_captions), location.captions) == (["de", "he"], ["en"])
    await look(storage, config, "he")
    in_days(80)
    assert await incomplete(storage, "he", "de") == []
    in_days(40 + 2 * 30 * 1.3)
    assert await incomplete(storage, "he", "de") == [VIDEO]
    await look(storage, config)
    in_days(2000)
    assert await incomplete(storage, "he", "de") == []


@pytest.mark.parametrize(
    ("languages", "expected"),
    [
        (["en"], []),
        (["EN-us", "all"], []),
        (["en", "he"], [VIDEO, OTHER]),
        ([], []),
    ],
)
async def test_named_videos_lack_every_requested_language_that_is_not_stored(
    storage: StorageService, config: StorageConfig, languages: list[str], expected: list[str]
) -> None:
    await stored(storage, config, "he")
    assert await incomplete(storage, *languages, again=True) == expected
