"""Damage of every kind is found, reported and on request quarantined; nothing is ever deleted."""

import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.unit.storage.samples import (
    MEDIA,
    OTHER,
    VIDEO,
    files_on_disk,
    flip_byte,
    listed,
    metadata,
    registered_files,
    save_request,
    sha256sum_accepts,
    stage,
)
from tests.waiting import eventually
from ytarchive.common.config import StorageConfig
from ytarchive.common.errors import Conflict
from ytarchive.storage import (
    Finding,
    FindingKind,
    FindingQuery,
    PassState,
    SaveMetadata,
    SaveVideo,
    Verification,
    VerifyMode,
    VerifyRequest,
)
from ytarchive.storage.service import StorageService

Change = Callable[[Path], Any]


async def ended(storage: StorageService, **request: Any) -> Verification:
    """Verify, and wait for the end."""
    await storage.verifier.start_verification(VerifyRequest(**request))
    return await over(storage)


async def over(storage: StorageService) -> Verification:
    """Wait for the end of the verification."""

    async def is_over() -> Verification | None:
        verification = await storage.verifier.get_verification()
        return None if verification.state is PassState.RUNNING else verification

    return await eventually(is_over)


async def found(storage: StorageService) -> dict[str, Finding]:
    page = await storage.verifier.list_findings(FindingQuery(limit=1000))
    assert page.next_cursor is None
    return {finding.path: finding for finding in page.items}


@pytest.fixture
async def archive(storage: StorageService, config: StorageConfig) -> StorageService:
    """Two stored videos."""
    await storage.save_video(save_request(stage(config)))
    await storage.save_video(save_request(stage(config, OTHER), OTHER))
    return storage


def media(config: StorageConfig, video_id: str = VIDEO) -> Path:
    return config.base_path / "videos" / video_id / f"{video_id}.mp4"


async def test_damaged_metadata_is_found_and_intact_after_it_is_fetched_again(
    archive: StorageService, config: StorageConfig
) -> None:
    for video_id in (VIDEO, OTHER):
        await archive.save_metadata(SaveMetadata(metadata=metadata(video_id)))
    damaged, lost = (f"metadata/videos/{video_id}.json" for video_id in (VIDEO, OTHER))
    flip_byte(config.base_path / damaged)
    (config.base_path / lost).unlink()
    await ended(archive, quarantine=True)
    findings = await found(archive)
    assert {path: each.kind for path, each in findings.items()} == {
        damaged: FindingKind.DAMAGED,
        lost: FindingKind.MISSING,
    }
    assert all(each.is_removed for each in findings.values())
    assert (await archive.video_exists(VIDEO)).exists
    for video_id in (VIDEO, OTHER):
        await archive.save_metadata(SaveMetadata(metadata=metadata(video_id)))
    assert (await ended(archive)).findings == {}
    assert await found(archive) == {}
    assert registered_files(config) == files_on_disk(config, "videos", "metadata/videos")


@pytest.mark.parametrize("mode", VerifyMode)
async def test_an_intact_archive_is_found_intact(archive: StorageService, mode: VerifyMode) -> None:
    assert (await archive.verifier.get_verification()).state is PassState.NEVER
    verification = await ended(archive, mode=mode)
    stats = await archive.get_stats()
    assert verification.state is PassState.COMPLETE
    assert verification.findings == {}
    assert verification.videos_checked == verification.videos_total == 2
    assert verification.files_checked == stats.total_files
    read = stats.total_size_bytes if mode is VerifyMode.FULL else 0
    assert verification.bytes_checked == read


def _to_link(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


CHANGES: list[tuple[Change, FindingKind, set[VerifyMode]]] = [
    (flip_byte, FindingKind.DAMAGED, {VerifyMode.FULL}),
    (lambda path: flip_byte(path, -1 + len(MEDIA)), FindingKind.DAMAGED, {VerifyMode.FULL}),
    (lambda path: os.truncate(path, 5), FindingKind.TRUNCATED, set(VerifyMode)),
    (lambda path: os.truncate(path, len(MEDIA) + 1), FindingKind.DAMAGED, set(VerifyMode)),
    (Path.unlink, FindingKind.MISSING, set(VerifyMode)),
    (_to_link, FindingKind.DAMAGED, set(VerifyMode)),
]


@pytest.mark.parametrize("mode", VerifyMode)
@pytest.mark.parametrize(("change", "kind", "seen_by"), CHANGES)
async def test_each_kind_of_damage_is_found_and_a_plain_verification_changes_nothing(
    archive: StorageService,
    config: StorageConfig,
    mode: VerifyMode,
    change: Change,
    kind: FindingKind,
    seen_by: set[VerifyMode],
) -> None:
    change(media(config))
    before = registered_files(config), listed(config.base_path / "videos")
    verification = await ended(archive, mode=mode)
    assert verification.state is PassState.COMPLETE
    finding = (await found(archive)).get(f"videos/{VIDEO}/{VIDEO}.mp4")
    if mode in seen_by:
        assert finding is not None
        assert (finding.kind, finding.video_id) == (kind, VIDEO)
        assert (finding.is_removed, finding.quarantine_path) == (False, None)
        assert (finding.output_path, finding.quality) == ("videos", "720p")
        assert verification.findings[kind] == 1
    else:
        assert finding is None
    assert (registered_files(config), listed(config.base_path / "videos")) == before


async def test_foreign_files_are_reported_and_never_changed(
    archive: StorageService, config: StorageConfig
) -> None:
    videos = config.base_path / "videos"
    strangers = {
        f"videos/{VIDEO}/notes.txt": VIDEO,
        f"videos/{VIDEO}/captions/sub/{VIDEO}.fr.vtt": VIDEO,
        "videos/a film.mp4": None,
        "videos/unknown-id1/unknown-id1.mp4": "unknown-id1",
        "videos/some folder/deep/er.bin": None,
    }
    for path in strangers:
        (config.base_path / path).parent.mkdir(parents=True, exist_ok=True)
        (config.base_path / path).write_text("mine")
    (videos / os.fsdecode(b"bad\xffname")).write_text("mine")
    before = listed(videos)
    for request in ({}, {"quarantine": True}):
        assert (await ended(archive, **request)).findings == {FindingKind.FOREIGN: 6}
        reported = {path: finding.video_id for path, finding in (await found(archive)).items()}
        assert reported == strangers | {"videos/bad\udcffname": None}
        assert listed(videos) == before


async def test_damaged_media_is_quarantined_and_the_video_counts_as_not_stored(
    archive: StorageService, config: StorageConfig
) -> None:
    flip_byte(media(config))
    damaged = media(config).read_bytes()
    sidecars = [name for name in listed(media(config).parent) if not name.endswith(".mp4")]
    await ended(archive, quarantine=True)
    [finding] = (await found(archive)).values()
    assert finding.is_removed
    assert finding.quarantine_path is not None
    moved = config.base_path / finding.quarantine_path
    assert moved.read_bytes() == damaged
    assert moved.match(f".ytarchive/quarantine/*/videos/{VIDEO}/{VIDEO}.mp4")
    assert listed(media(config).parent) == sidecars
    assert not (await archive.video_exists(VIDEO)).exists
    assert (await archive.video_exists(OTHER)).exists
    stats = await archive.get_stats()
    on_disk = files_on_disk(config, "videos")
    assert stats.total_videos == 1
    assert stats.total_files == len(on_disk)
    assert stats.total_size_bytes == sum(size for size, _ in on_disk.values())
    assert registered_files(config) == on_disk


async def test_quarantined_files_are_reported_until_the_video_is_stored_again(
    archive: StorageService, config: StorageConfig
) -> None:
    media(config).unlink()
    await ended(archive, quarantine=True)
    assert (await ended(archive)).findings == {FindingKind.MISSING: 1}
    await archive.save_video(save_request(stage(config)))
    assert (await ended(archive)).findings == {}
    assert (await archive.video_exists(VIDEO)).exists
    assert sha256sum_accepts(media(config).parent)


async def test_foreign_file_does_not_hide_the_loss_of_a_stored_file(
    archive: StorageService, config: StorageConfig
) -> None:
    flip_byte(media(config))
    await ended(archive, quarantine=True)
    [lost] = (await found(archive)).values()
    media(config).write_bytes(b"of somebody else")
    for accept in (False, True, False):
        assert (await ended(archive, accept_foreign=accept)).findings == {FindingKind.DAMAGED: 1}
        assert list((await found(archive)).values()) == [lost]
    media(config).unlink()
    await archive.save_video(save_request(stage(config)))
    assert (await ended(archive)).findings == {}


async def test_a_damaged_sidecar_leaves_the_video_stored(
    archive: StorageService, config: StorageConfig
) -> None:
    flip_byte(media(config).with_suffix(".jpg"))
    await ended(archive, quarantine=True)
    found_again = await archive.video_exists(VIDEO)
    assert found_again.exists
    assert found_again.location is not None
    assert found_again.location.thumbnail_path is None
    assert media(config).read_bytes() == MEDIA


@pytest.mark.parametrize("change", [flip_byte, Path.unlink])
async def test_a_lost_list_of_digests_is_written_again(
    archive: StorageService, config: StorageConfig, change: Change
) -> None:
    checksums = media(config).with_name("checksums.sha256")
    before = checksums.read_bytes()
    change(checksums)
    await ended(archive, quarantine=True)
    assert checksums.read_bytes() == before
    assert await found(archive) == {}
    assert (await ended(archive)).findings == {}
    assert sha256sum_accepts(checksums.parent)


async def test_unreadable_files_are_reported_and_not_changed(
    archive: StorageService, config: StorageConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    lstat = Path.lstat

    def failing(path: Path) -> os.stat_result:
        if path == media(config):
            raise OSError(5, "Input/output error", str(path))
        return lstat(path)

    monkeypatch.setattr(Path, "lstat", failing)
    assert (await ended(archive, quarantine=True)).findings == {FindingKind.UNREADABLE: 1}
    assert media(config).read_bytes() == MEDIA
    assert f"videos/{VIDEO}/{VIDEO}.mp4" in registered_files(config)


async def test_a_finding_is_removed_when_the_file_is_intact_again_in_any_mode(
    archive: StorageService, config: StorageConfig
) -> None:
    flip_byte(media(config))
    await ended(archive)
    assert (await ended(archive, mode="quick")).findings == {FindingKind.DAMAGED: 1}
    flip_byte(media(config))
    assert (await ended(archive, mode="quick")).findings == {}


async def test_known_findings_can_be_handled_without_reading_everything_again(
    archive: StorageService, config: StorageConfig
) -> None:
    flip_byte(media(config))
    await ended(archive)
    verification = await ended(archive, quarantine=True, known_only=True)
    assert verification.files_checked == 0
    [finding] = (await found(archive)).values()
    assert finding.is_removed


async def test_an_empty_disk_does_not_count_as_a_thousand_lost_videos(
    storage: StorageService, config: StorageConfig, tmp_path: Path
) -> None:
    for number in range(30):
        video_id = f"video-{number:05}"
        await storage.save_video(save_request(stage(config, video_id, b"x"), video_id))
    (config.base_path / "videos").rename(tmp_path / "unmounted")
    (config.base_path / "videos").mkdir()
    verification = await ended(storage, quarantine=True)
    assert verification.state is PassState.FAILED
    assert "mounted" in str(verification.error)
    assert verification.findings == {}
    assert (await storage.get_stats()).total_videos == 30
    (config.base_path / "videos").rmdir()
    (tmp_path / "unmounted").rename(config.base_path / "videos")
    verification = await ended(storage)
    assert (verification.state, verification.findings) == (PassState.COMPLETE, {})


async def test_one_lost_video_of_few_is_reported(
    archive: StorageService, config: StorageConfig
) -> None:
    """Videos in the order of their ids: the first one checked is the one that is gone."""
    for path in sorted(media(config, OTHER).parent.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    media(config, OTHER).parent.rmdir()
    assert (await ended(archive)).findings == {FindingKind.MISSING: 6}


async def test_a_video_that_is_replaced_meanwhile_is_not_found_damaged(
    archive: StorageService, config: StorageConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was read before the replacement is compared with what was stored before it."""
    findings = archive.verifier._findings
    files_of = findings.files_and_damage
    waiting: list[Awaitable[object]] = [
        archive.save_video(save_request(stage(config, media=b"another film")))
    ]

    async def overtaken(video_ids: list[str]) -> object:
        before = await files_of(video_ids)
        if waiting:
            await waiting.pop()
        return before

    monkeypatch.setattr(findings, "files_and_damage", overtaken)
    verification = await ended(archive)
    assert (verification.state, verification.findings) == (PassState.COMPLETE, {})


async def test_videos_registered_in_place_are_verified(
    storage: StorageService, config: StorageConfig
) -> None:
    folder = config.base_path / "old films"
    folder.mkdir()
    for name in ("My film.mp4", "My film.jpg", "unrelated.txt"):
        (folder / name).write_bytes(MEDIA)
    await storage.save_video(SaveVideo(video_id=VIDEO, video_path="old films/My film.mp4"))
    assert (await ended(storage)).findings == {}
    flip_byte(folder / "My film.jpg")
    await ended(storage)
    [finding] = (await found(storage)).values()
    assert (finding.path, finding.output_path) == ("old films/My film.jpg", None)


async def test_a_second_verification_is_refused_while_one_runs(archive: StorageService) -> None:
    started = await archive.verifier.start_verification(VerifyRequest())
    assert started.state is PassState.RUNNING
    with pytest.raises(Conflict):
        await archive.verifier.start_verification(VerifyRequest())
    stopped = await archive.verifier.cancel_verification()
    assert stopped.state in {PassState.STOPPED, PassState.COMPLETE}
    with pytest.raises(Conflict):
        await archive.verifier.cancel_verification()


async def test_findings_are_listed_in_pages(archive: StorageService, config: StorageConfig) -> None:
    for number in range(5):
        (config.base_path / "videos" / f"stranger {number}").write_text("")
    await ended(archive)
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page = await archive.verifier.list_findings(FindingQuery(limit=2, cursor=cursor))
        seen += [finding.path for finding in page.items]
        if (cursor := page.next_cursor) is None:
            break
    assert seen == [f"videos/stranger {number}" for number in range(5)]


async def test_stats_report_low_space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reserve is what was set, but never so much that a small disk could hold nothing."""
    seen = []
    for free in (2 * 2**30, 2**19):
        disk = SimpleNamespace(total=100 * 2**20, free=free)
        monkeypatch.setattr("shutil.disk_usage", lambda _, disk=disk: disk)
        storage = await StorageService.open(StorageConfig(base_path=tmp_path, min_free=2**30))
        try:
            stats = await storage.get_stats()
        finally:
            await storage.close()
        seen.append((stats.min_free_bytes, stats.is_low_on_space))
    assert seen == [(5 * 2**20, False), (5 * 2**20, True)]
