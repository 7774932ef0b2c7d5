"""Foreign files: known ones are ignored, others are reported until they are accepted."""

import os
from pathlib import Path

import pytest

from tests.unit.storage.samples import OTHER, VIDEO, flip_byte, save_request, stage
from tests.unit.storage.test_verify import ended, found
from ytarchive.common.config import StorageConfig
from ytarchive.storage import FindingKind, PassState, rebuild_library
from ytarchive.storage.service import StorageService
from ytarchive.storage.store.known_files import is_known_foreign

KNOWN = [
    "@eaDir/film.mp4/SYNOVIDEO_VIDEO_SCREENSHOT.jpg", ".DS_Store", "Thumbs.db", "desktop.ini",
    f"{VIDEO}.nfo", "movie.NFO", f"._{VIDEO}.mp4", ".Trash-1000/info/x.trashinfo",
    "lost+found/#123", ".stfolder/marker", "#recycle/old.mp4", ".nfs000000000012", "THUMBS.DB",
    "$RECYCLE.BIN/S-1-5/desktop.ini", "System Volume Information/IndexerVolumeGuid",
    ".fuse_hidden0000001", ".directory", f"{VIDEO}.trickplay/320/0.jpg", ".@__thumb/a.jpg",
]  # fmt: skip


@pytest.fixture
async def archive(storage: StorageService, config: StorageConfig) -> StorageService:
    await storage.save_video(save_request(stage(config)))
    return storage


def write(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"foreign")


@pytest.mark.parametrize("name", KNOWN)
async def test_files_of_systems_and_media_servers_are_no_findings(
    archive: StorageService, config: StorageConfig, name: str
) -> None:
    for folder in ("", VIDEO, f"{VIDEO}/captions", "unknown"):
        write(config.base_path / "videos" / folder / name)
    for _ in range(2):
        verification = await ended(archive)
        assert (verification.state, verification.findings) == (PassState.COMPLETE, {})


@pytest.mark.parametrize("name", ["notes.txt", "x.mp4", ".hidden.mp4", "nfo", "DS_Store", "a~"])
def test_other_names_are_foreign(name: str) -> None:
    assert not is_known_foreign(f"videos/{VIDEO}/{name}")


async def test_accepted_files_stay_accepted_even_after_a_rebuild(
    archive: StorageService, config: StorageConfig
) -> None:
    videos = config.base_path / "videos"
    write(videos / os.fsdecode(b"M\xfcnchen/x"))
    write(videos / VIDEO / "notes.txt")
    assert (await ended(archive)).findings == {FindingKind.FOREIGN: 2}
    assert (await ended(archive, known_only=True, accept_foreign=True)).findings == {}
    write(videos / VIDEO / "more.txt")
    assert (await ended(archive)).findings == {FindingKind.FOREIGN: 1}
    assert set(await found(archive)) == {f"videos/{VIDEO}/more.txt"}
    await archive.close()
    await rebuild_library(config)
    again = await StorageService.open(config)
    try:
        assert (await ended(again)).findings == {FindingKind.FOREIGN: 1}
    finally:
        await again.close()


@pytest.mark.parametrize("content", [b"", b"\xff", b"[1]", b'{"paths": [1]}', b"[" * 50_000])
async def test_a_damaged_list_of_accepted_files_accepts_nothing(
    archive: StorageService, config: StorageConfig, content: bytes
) -> None:
    write(config.base_path / "videos" / "a.txt")
    (config.base_path / "metadata" / "accepted_files.json").write_bytes(content)
    verification = await ended(archive)
    assert verification.state is PassState.COMPLETE
    assert verification.findings == {FindingKind.FOREIGN: 1}


@pytest.mark.parametrize("name", [b"M\xfcnchen/x", b"\xff", b"a\xfe\n.txt", b"\xed\xb3\xbc/x"])
async def test_a_name_that_is_not_utf8_is_reported_and_later_passes_read_the_media(
    archive: StorageService, config: StorageConfig, name: bytes
) -> None:
    videos = config.base_path / "videos"
    write(videos / os.fsdecode(name))
    first = await ended(archive)
    assert (first.state, first.findings) == (PassState.COMPLETE, {FindingKind.FOREIGN: 1})
    assert {os.fsencode(path) for path in await found(archive)} == {b"videos/" + name}
    flip_byte(videos / VIDEO / f"{VIDEO}.mp4")
    second = await ended(archive)
    assert second.findings == {FindingKind.FOREIGN: 1, FindingKind.DAMAGED: 1}
    assert second.files_checked == first.files_checked > 0


async def test_a_failed_pass_is_not_resumed(
    archive: StorageService, config: StorageConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    await archive.save_video(save_request(stage(config, OTHER), OTHER))

    async def failing() -> None:
        raise OSError(5, "Input/output error", str(config.base_path / "videos"))

    findings = archive.verifier._findings
    with monkeypatch.context() as broken:
        broken.setattr(findings, "broken_relations", failing)
        failed = await ended(archive)
    assert failed.state is PassState.FAILED
    assert "Input/output error" in str(failed.error)
    assert "fault of ytarchive" not in str(failed.error)
    flip_byte(config.base_path / "videos" / VIDEO / f"{VIDEO}.mp4")
    again = await ended(archive)
    assert (again.state, again.videos_checked) == (PassState.COMPLETE, 2)
    assert again.findings == {FindingKind.DAMAGED: 1}


@pytest.mark.parametrize("request_", [{}, {"mode": "quick"}, {"sample_videos": 1}])
async def test_a_pass_that_has_read_nothing_fails(
    archive: StorageService, config: StorageConfig, request_: dict[str, object]
) -> None:
    (config.base_path / "videos").rename(config.base_path / "elsewhere")
    (config.base_path / "videos").mkdir()
    verification = await ended(archive, **request_)
    assert verification.state is PassState.FAILED
    assert (verification.files_checked, verification.bytes_checked) == (0, 0)
    assert "no file could be read" in str(verification.error)
