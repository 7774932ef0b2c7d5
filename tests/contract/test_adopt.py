"""The adoption of folders of other programs, in process and over HTTP."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest

from tests.contract.conftest import Reach
from tests.unit.storage.foreign_libraries import digests, media, of_yt_dlp, write_file
from tests.unit.storage.samples import OTHER, VIDEO, sha256sum_accepts
from ytarchive.common.config import StorageConfig
from ytarchive.common.errors import Conflict, FolderNotAllowed, NotAdoptable, NotFound
from ytarchive.common.models import every_item
from ytarchive.storage import (
    AdoptedFile,
    AdoptedFileQuery,
    Adoption,
    AdoptionAPI,
    AdoptMethod,
    AdoptRequest,
    Outcome,
    PassState,
    UndescribedVideos,
    VerificationAPI,
    VerifyRequest,
)
from ytarchive.storage.service import StorageService


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A folder of yt-dlp with a complete video, a plain one, and other files."""
    folder = tmp_path / "downloads"
    of_yt_dlp(folder / "A channel", VIDEO)
    write_file(folder / f"Old name-{OTHER}.mkv", media(".mkv"))
    write_file(folder / "download-archive.txt", f"youtube {VIDEO}\nyoutube abcdefghij0\n")
    write_file(folder / "A film [0123456789a].mp4.part", "x")
    write_file(folder / "A film [0123456789a].f137.mp4", media())
    write_file(folder / "holidays.mp4", media())
    return folder


@pytest.fixture
def config(tmp_path: Path) -> StorageConfig:
    return StorageConfig(base_path=tmp_path / "archive", allowed_roots=[tmp_path])


@pytest.fixture
async def storage(config: StorageConfig) -> AsyncIterator[StorageService]:
    storage = await StorageService.open(config)
    yield storage
    await storage.close()


@pytest.fixture
async def adoption(reach: Reach[Any], storage: StorageService) -> AdoptionAPI:
    return cast("AdoptionAPI", await reach(AdoptionAPI, storage.subjects()[AdoptionAPI]))


async def adopted(api: AdoptionAPI, folder: Path, **options: Any) -> Adoption:
    """The adoption of a folder after its end."""
    adoption = await api.start_adoption(AdoptRequest(folder=str(folder), **options))
    async with asyncio.timeout(60):
        while adoption.state is PassState.RUNNING:
            await asyncio.sleep(0.01)
            adoption = await api.get_adoption()
    return adoption


async def report(api: AdoptionAPI) -> dict[str, AdoptedFile]:
    """The file rows of the last adoption, by path."""
    files = [each async for each in every_item(api.list_adopted_files, AdoptedFileQuery(limit=4))]
    assert len({each.path for each in files}) == len(files)
    return {each.path: each for each in files}


def is_same(one: Path, other: Path) -> bool:
    """Whether two paths are hard links to one file."""
    return one.samefile(other)


@pytest.mark.parametrize("method", [AdoptMethod.LINK, AdoptMethod.COPY])
async def test_folder_of_yt_dlp_is_adopted_and_not_changed(
    adoption: AdoptionAPI, config: StorageConfig, library: Path, method: AdoptMethod
) -> None:
    before = digests(library)
    done = await adopted(adoption, library, method=method)
    assert (done.state, done.error) == (PassState.COMPLETE, None)
    assert (done.videos_found, done.videos_done, done.videos_adopted) == (2, 2, 2)
    assert done.shares_content is (method is AdoptMethod.LINK)
    assert digests(library) == before
    rows = await report(adoption)
    assert rows.keys() == before.keys()
    assert done.files_found == len(before)
    assert sum(done.files.values()) == len(before)
    assert {path for path, row in rows.items() if row.outcome is Outcome.ADOPTED} == {
        path for path in before if VIDEO in path or OTHER in path
    }
    reasons = {path: row.detail for path, row in rows.items() if row.outcome is not Outcome.ADOPTED}
    marked = "videos of YouTube: 2; without media and known elsewhere: 1"
    assert reasons["download-archive.txt"] == f"a download archive; {marked}"
    assert reasons["A film [0123456789a].mp4.part"].startswith("unfinished")
    assert reasons["A film [0123456789a].f137.mp4"].startswith("unfinished")
    assert "no id of a video" in reasons["holidays.mp4"]
    stored = config.base_path / "videos" / VIDEO
    source = library / "A channel" / f"A title [{VIDEO}].mp4"
    assert is_same(stored / f"{VIDEO}.mp4", source) is (method is AdoptMethod.LINK)
    assert sha256sum_accepts(stored)


async def test_files_have_types_and_the_metadata_of_the_info(
    adoption: AdoptionAPI, storage: StorageService, library: Path
) -> None:
    await adopted(adoption, library)
    metadata = await storage.get_metadata(VIDEO)
    assert (metadata.title, metadata.channel_title) == ("A title", "A channel")
    assert metadata.fetched_at.timestamp() == 1_700_000_000
    location = (await storage.video_exists(VIDEO)).location
    assert location is not None
    files = ["captions:de", "captions:en", "description", "live_chat", "thumbnail"]
    assert location.side_files == files
    folder = Path(str(location.video_path)).parent
    manifest = json.loads((folder / "manifest.json").read_bytes())
    captions = {each["language"]: each["automatic"] for each in manifest["files"]
                if each["role"] == "captions"}  # fmt: skip
    assert captions == {"en": False, "de": True}
    assert (manifest["format_ids"], manifest["yt_dlp_version"]) == ("137+140", "2026.10.22")
    assert {f"{VIDEO}.description", f"{VIDEO}.live_chat.json"} <= {
        path.name for path in folder.iterdir()
    }
    stored = (folder / f"{VIDEO}.info.json").read_text()
    assert "secret" not in stored
    assert "/home/me" not in stored
    assert json.loads(stored)["comments"] == [{"id": "1", "text": "first"}]


async def test_adopted_videos_pass_the_verification_and_a_second_run_adopts_nothing(
    adoption: AdoptionAPI, storage: StorageService, library: Path
) -> None:
    first = await adopted(adoption, library)
    second = await adopted(adoption, library)
    assert (second.state, second.videos_adopted) == (PassState.COMPLETE, 0)
    assert second.files[Outcome.DUPLICATE] == first.files[Outcome.ADOPTED]
    verifier = cast("VerificationAPI", storage.subjects()[VerificationAPI])
    await verifier.start_verification(VerifyRequest())
    async with asyncio.timeout(60):
        while (found := await verifier.get_verification()).state is PassState.RUNNING:
            await asyncio.sleep(0.01)
    assert (found.state, found.findings, found.videos_checked) == (PassState.COMPLETE, {}, 2)


async def test_dry_run_reports_the_same_and_changes_nothing(
    adoption: AdoptionAPI, storage: StorageService, library: Path
) -> None:
    preview = await adopted(adoption, library, dry_run=True)
    expected = {path: row.outcome for path, row in (await report(adoption)).items()}
    assert (await storage.get_stats()).total_videos == 0
    done = await adopted(adoption, library)
    assert {path: row.outcome for path, row in (await report(adoption)).items()} == expected
    assert (preview.dry_run, preview.files) == (True, done.files)


async def test_move_removes_exactly_the_adopted_files(
    adoption: AdoptionAPI, storage: StorageService, library: Path
) -> None:
    before = digests(library)
    done = await adopted(adoption, library, method=AdoptMethod.MOVE)
    assert (done.videos_adopted, done.shares_content) == (2, False)
    left = digests(library)
    rows = await report(adoption)
    moved = {path for path, row in rows.items() if row.outcome is Outcome.ADOPTED}
    assert left == {path: digest for path, digest in before.items() if path not in moved}
    assert len(moved) == 8
    assert (await storage.video_exists(OTHER)).exists


async def test_videos_without_metadata_are_listed_until_they_are_settled(
    adoption: AdoptionAPI, library: Path
) -> None:
    await adopted(adoption, library)
    assert (await adoption.list_undescribed()).video_ids == [OTHER]
    await adoption.settle_undescribed(UndescribedVideos(video_ids=[OTHER]))
    assert (await adoption.list_undescribed()).video_ids == []


async def test_report_can_be_filtered(adoption: AdoptionAPI, library: Path) -> None:
    await adopted(adoption, library)
    page = await adoption.list_adopted_files(AdoptedFileQuery(outcome=Outcome.NOT_RECOGNISED))
    assert [each.path for each in page.items] == [
        "A film [0123456789a].f137.mp4", "A film [0123456789a].mp4.part", "download-archive.txt",
        "holidays.mp4",
    ]  # fmt: skip


async def test_unsuitable_folders_are_refused(
    adoption: AdoptionAPI, config: StorageConfig, tmp_path: Path
) -> None:
    write_file(tmp_path / "view" / ".ytarchive-view", "{}")
    write_file(tmp_path / "view" / "A channel" / "x", "")
    write_file(tmp_path / "other" / ".ytarchive-id", "{}")
    (tmp_path / "out").symlink_to("/")
    for folder, error in (
        (tmp_path / "nothing", NotFound),
        (tmp_path / "view", NotAdoptable),
        (tmp_path / "view" / "A channel", NotAdoptable),
        (tmp_path / "other", NotAdoptable),
        (config.base_path / "videos", NotAdoptable),
        (config.staging_path, NotAdoptable),
        (Path("/"), FolderNotAllowed),
        (tmp_path / "out", FolderNotAllowed),
    ):
        with pytest.raises(error):
            await adoption.start_adoption(AdoptRequest(folder=str(folder)))
    assert (await adoption.get_adoption()).state is PassState.NEVER


async def test_without_an_adoption_there_is_nothing_to_cancel(adoption: AdoptionAPI) -> None:
    with pytest.raises(Conflict, match="the adoption is not running"):
        await adoption.cancel_adoption()
