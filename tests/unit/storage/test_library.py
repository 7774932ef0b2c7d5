"""Look-ups, totals, and an archive as a whole."""

import asyncio
import re
from pathlib import Path

import pytest

from tests.unit.storage.samples import (
    OTHER,
    VIDEO,
    files_on_disk,
    metadata,
    playlist,
    run,
    save_request,
    stage,
)
from ytarchive.common.config import StorageConfig
from ytarchive.common.contract import endpoints
from ytarchive.common.errors import InvalidIdentifier, InvalidRequest
from ytarchive.common.telemetry import STORED_BYTES, STORED_VIDEOS
from ytarchive.storage import (
    ExistsRequest,
    SaveMetadata,
    SavePlaylist,
    StorageAPI,
    WorkPlanRequest,
)
from ytarchive.storage.service import StorageService


def test_the_service_implements_every_operation_of_its_contract() -> None:
    for operation in endpoints(StorageAPI):
        assert operation.name in vars(StorageService)


async def test_an_unknown_video_does_not_exist(storage: StorageService) -> None:
    found = await storage.video_exists(VIDEO)
    assert (found.exists, found.location) == (False, None)


async def test_an_address_is_accepted_as_an_id_and_anything_else_is_refused(
    storage: StorageService, config: StorageConfig
) -> None:
    await storage.save_video(save_request(stage(config)))
    assert (await storage.video_exists(f"https://youtu.be/{VIDEO}")).exists
    with pytest.raises(InvalidIdentifier):
        await storage.video_exists("../../etc")


async def test_a_video_without_its_file_does_not_exist_and_is_logged(
    storage: StorageService, config: StorageConfig, messages: list[str]
) -> None:
    location = await storage.save_video(save_request(stage(config)))
    run("rm", str(location.video_path))
    found = await storage.video_exists(VIDEO)
    assert not found.exists
    assert found.location is not None
    assert found.location.video_path is None
    assert found.location.thumbnail_path == location.thumbnail_path
    assert any(f"{VIDEO}.mp4 is missing" in m and "WARNING storage" in m for m in messages)
    assert (await storage.get_stats()).total_videos == 1


async def test_ten_thousand_videos_are_looked_up_in_one_query(
    storage: StorageService, config: StorageConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    await storage.save_video(save_request(stage(config)))
    await storage.save_video(save_request(stage(config, OTHER), OTHER))
    await storage.save_metadata(SaveMetadata(metadata=metadata("only-metada")))
    queries: list[str] = []
    select = storage._database.select

    async def counted(sql: str, parameters: object = None) -> object:
        queries.append(sql)
        return await select(sql, parameters)  # type: ignore[arg-type]  # passed on as it came

    monkeypatch.setattr(storage._database, "select", counted)
    ids = [f"{n:011}" for n in range(9_996)] + [OTHER, VIDEO, "only-metada", OTHER]
    found = await storage.videos_exist(ExistsRequest(video_ids=ids))
    assert found.video_ids == [OTHER, VIDEO]
    assert len(queries) == 1


async def test_stats_count_stored_videos(storage: StorageService, config: StorageConfig) -> None:
    await storage.save_metadata(SaveMetadata(metadata=metadata()))
    await storage.save_metadata(SaveMetadata(metadata=metadata()))
    await storage.save_metadata(SaveMetadata(metadata=metadata(OTHER)))
    await storage.save_playlist(SavePlaylist(playlist=playlist("PLabc")))
    await storage.plans.create_work_plan(WorkPlanRequest())
    for media in (b"small", b"larger by far"):
        await storage.save_video(save_request(stage(config, media=media)))
    stats = await storage.get_stats()
    stored = files_on_disk(config, "videos")
    assert stats.total_videos == 1
    assert stats.total_metadata == 2
    assert stats.total_playlists == 1
    assert stats.work_plans == 1
    assert stats.total_files == len(stored)
    assert stats.total_size_bytes == sum(size for size, _ in stored.values())
    assert stats.base_path == str(config.base_path)
    assert 0 < stats.free_bytes < stats.capacity_bytes


async def test_the_gauges_show_what_is_stored_also_after_a_restart(config: StorageConfig) -> None:
    storage = await StorageService.open(config)
    await storage.save_video(save_request(stage(config)))
    size = (await storage.get_stats()).total_size_bytes
    gauges = {"videos": STORED_VIDEOS, "bytes": STORED_BYTES}
    assert {name: _value(gauge) for name, gauge in gauges.items()} == {"videos": 1, "bytes": size}
    await storage.close()
    for gauge in gauges.values():
        gauge.set(-1)
    storage = await StorageService.open(config)
    assert {name: _value(gauge) for name, gauge in gauges.items()} == {"videos": 1, "bytes": size}
    await storage.close()


def _value(gauge: object) -> float:
    [family] = gauge.collect()  # type: ignore[attr-defined]  # untyped in prometheus_client
    return float(family.samples[0].value)


async def test_an_archive_can_be_moved_as_a_whole(config: StorageConfig, tmp_path: Path) -> None:
    storage = await StorageService.open(config)
    await storage.save_video(save_request(stage(config)))
    await storage.save_metadata(SaveMetadata(metadata=metadata()))
    plan = await storage.plans.create_work_plan(WorkPlanRequest(job_id="job"))
    await storage.close()
    moved = StorageConfig(base_path=tmp_path / "new home")
    config.base_path.rename(moved.base_path)
    storage = await StorageService.open(moved)
    found = await storage.video_exists(VIDEO)
    assert found.exists
    assert found.location is not None
    assert found.location.video_path == str(moved.base_path / f"videos/{VIDEO}/{VIDEO}.mp4")
    assert (await storage.get_metadata(VIDEO)).video_id == VIDEO
    assert str((await storage.plans.get_work_plan(plan.id)).path).startswith(str(moved.base_path))
    await storage.close()


async def test_state_kept_elsewhere_leaves_staging_with_the_archive(tmp_path: Path) -> None:
    config = StorageConfig(base_path=tmp_path / "archive", state_dir=tmp_path / "state")
    storage = await StorageService.open(config)
    await storage.save_video(save_request(stage(config)))
    assert (tmp_path / "state/library.db").is_file()
    assert (await storage.video_exists(VIDEO)).exists
    await storage.close()


async def test_other_folder_names_are_respected(tmp_path: Path) -> None:
    config = StorageConfig(base_path=tmp_path, metadata_dir="meta", videos_dir="films")
    storage = await StorageService.open(config)
    location = await storage.save_video(save_request(stage(config)))
    assert location.video_path == str(tmp_path / "films" / VIDEO / f"{VIDEO}.mp4")
    await storage.save_metadata(SaveMetadata(metadata=metadata()))
    assert (tmp_path / "meta/videos" / f"{VIDEO}.json").is_file()
    await storage.close()


async def test_health_is_good_for_a_present_archive_and_bad_for_a_missing_one(
    storage: StorageService, config: StorageConfig, tmp_path: Path
) -> None:
    health = await storage.health()
    assert health.service == "storage"
    assert health.is_healthy
    assert health.checks == {
        "database": True, "archive": True, "base_path_writable": True, "free_space": True,
        "background": True,
    }  # fmt: skip
    config.base_path.rename(tmp_path / "gone")
    health = await storage.health()
    assert not health.is_healthy
    assert not health.checks["base_path_writable"]


async def test_unfinished_small_files_of_a_crash_are_removed(config: StorageConfig) -> None:
    scratch = config.base_path / ".ytarchive/tmp"
    scratch.mkdir(parents=True)
    (scratch / "half.json.0123").write_text("{")
    storage = await StorageService.open(config)
    assert list(scratch.iterdir()) == []
    await storage.close()


async def test_closing_waits_for_a_save_whose_caller_was_cancelled(config: StorageConfig) -> None:
    storage = await StorageService.open(config)
    saving = asyncio.create_task(storage.save_video(save_request(stage(config))))
    await asyncio.sleep(0)
    saving.cancel()
    await storage.close()
    storage = await StorageService.open(config)
    assert (await storage.video_exists(VIDEO)).exists
    await storage.close()


@pytest.mark.parametrize(
    "name",
    [
        "get_video",
        "stored_among",
        "get_move",
        "plan_of_job",
        "get_plan",
        "count_plans_named",
        "plan_entries",
        "list_plans",
    ],
)
async def test_no_lookup_scans_a_table(storage: StorageService, name: str) -> None:
    """Each query that runs per video or per page finds its rows by an index."""
    sql = storage._database.query(name)
    parameters = dict.fromkeys(re.findall(r":(\w+)", sql), "[]") | {"limit": 1}
    plan = await storage._database.select(f"EXPLAIN QUERY PLAN {sql}", parameters)
    steps = [row["detail"] for row in plan]
    assert [step for step in steps if step.startswith("SCAN") and "asked" not in step] == []
    assert any(step.startswith("SEARCH") for step in steps)


async def test_a_hostile_id_never_reaches_the_disk(storage: StorageService) -> None:
    with pytest.raises(InvalidIdentifier):
        await storage.get_metadata("../../../etc/passwd")
    with pytest.raises(InvalidRequest):
        await storage.plans.get_work_plan("../x")
