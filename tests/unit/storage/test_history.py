"""Older versions of metadata and side files are appended to the history."""

import base64
import json
from pathlib import Path
from typing import cast

import pytest

from tests.unit.storage.samples import (
    MEDIA,
    VIDEO,
    flip_byte,
    listed,
    metadata,
    save_request,
    stage,
)
from ytarchive.common.config import StorageConfig
from ytarchive.common.models import utc_now
from ytarchive.storage import HistoryAPI, HistoryEntry, HistoryKind, SaveMetadata
from ytarchive.storage.service import StorageService


@pytest.fixture
def history(storage: StorageService) -> HistoryAPI:
    return cast("HistoryAPI", storage.subjects()[HistoryAPI])


def path_of(config: StorageConfig) -> Path:
    return config.base_path / "metadata/history" / f"{VIDEO}.jsonl"


async def save(storage: StorageService, **changes: object) -> None:
    changed = metadata().model_copy(update=changes)
    await storage.save_metadata(SaveMetadata(metadata=changed))


def entry(evidence: str) -> HistoryEntry:
    return HistoryEntry(
        kind=HistoryKind.AVAILABILITY,
        time=metadata().fetched_at,
        source="youtube",
        data={"evidence": evidence},
    )


async def test_each_version_is_a_line_with_what_changed_and_the_first_one_is_complete(
    storage: StorageService, config: StorageConfig
) -> None:
    await save(storage, title="first", source="data_api")
    assert not path_of(config).exists()
    await save(storage, title="second", source="yt-dlp", view_count=5)
    await save(storage, title="third", view_count=6)
    lines = [json.loads(line) for line in path_of(config).read_text().splitlines()]
    assert [(line["kind"], line["source"]) for line in lines] == [
        ("version", "data_api"),
        ("version", "yt-dlp"),
        ("version", None),
    ]
    assert lines[0]["time"] == "2026-01-02T03:04:05.678901Z"
    assert lines[0]["data"].keys() > {"title", "description", "available_captions"}
    assert [line["data"] for line in lines[1:]] == [{"title": "second"}, {"title": "third"}]
    assert (await storage.get_metadata(VIDEO)).title == "third"


@pytest.mark.parametrize("change", [{"fetched_at": utc_now()}, {"source": "yt-dlp"}])
async def test_same_metadata_fetched_again_are_no_new_version(
    storage: StorageService, config: StorageConfig, change: dict[str, object]
) -> None:
    await save(storage)
    await save(storage, **change)
    assert not path_of(config).exists()


async def test_metadata_that_cannot_be_read_go_to_the_quarantine(
    storage: StorageService, config: StorageConfig
) -> None:
    await save(storage)
    file = config.base_path / "metadata/videos" / f"{VIDEO}.json"
    flip_byte(file)
    damaged = file.read_bytes()
    await save(storage, title="new")
    assert not path_of(config).exists()
    root = config.base_path / ".ytarchive/quarantine"
    [kept] = [root / path for path in listed(root) if not path.endswith("item.json")]
    assert kept.read_bytes() == damaged
    assert (await storage.get_metadata(VIDEO)).title == "new"


async def test_replaced_captions_and_thumbnail_stay_in_the_history(
    storage: StorageService, config: StorageConfig, history: HistoryAPI
) -> None:
    await storage.save_video(save_request(stage(config)))
    staged = stage(config, media=MEDIA)
    (staged / f"captions/{VIDEO}.en.vtt").write_text("WEBVTT\n\nnew")
    (staged / f"{VIDEO}.jpg").write_bytes(b"new picture")
    await storage.save_video(save_request(staged))
    found = {each.kind: each for each in await history.get_history(VIDEO)}
    assert set(found) == {HistoryKind.CAPTIONS, HistoryKind.THUMBNAIL}
    captions, thumbnail = found[HistoryKind.CAPTIONS], found[HistoryKind.THUMBNAIL]
    assert (captions.data["name"], captions.data["text"]) == (f"{VIDEO}.en.vtt", "WEBVTT\n\n")
    assert base64.b64decode(thumbnail.data["base64"]) == b"\xff\xd8\xff\xe0"
    assert (captions.source, thumbnail.source) == ("youtube", "youtube")


async def test_a_line_truncated_by_a_crash_hides_no_other(
    config: StorageConfig, history: HistoryAPI
) -> None:
    await history.add_history(VIDEO, entry("one"))
    with path_of(config).open("ab") as file:
        file.write(b'{"kind":"avail')
    await history.add_history(VIDEO, entry("two"))
    await history.add_history(VIDEO, entry("two"))
    assert await history.get_history(VIDEO) == [entry("one"), entry("two")]
