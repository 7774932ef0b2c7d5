"""While the folder of an archive is missing, nothing reads, writes or judges its files."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.unit.storage.generated import video_id, write_videos
from tests.unit.storage.samples import (
    VIDEO,
    listed,
    metadata,
    playlist,
    registered_files,
    save_request,
    stage,
)
from tests.unit.storage.test_trash import put
from tests.unit.storage.test_verify import ended, found, over
from tests.unit.storage.views.test_nfo import CHANNEL_ID, channel
from tests.waiting import until
from ytarchive.common.config import StorageConfig
from ytarchive.common.contract import endpoints
from ytarchive.common.errors import ArchiveMissing, DiskFull
from ytarchive.common.identity import create_identity, new_identity
from ytarchive.common.media_formats import Container
from ytarchive.common.models import utc_now
from ytarchive.common.presence import Presence
from ytarchive.common.profile import ArchiveProfile
from ytarchive.common.services import ServiceName
from ytarchive.http import CONTRACTS
from ytarchive.storage import (
    AddPodcastFeed,
    AddView,
    AdoptedFileQuery,
    AdoptRequest,
    DueQuery,
    EmptyTrash,
    ExistsRequest,
    ExportFormat,
    ExportQuery,
    FindingKind,
    FindingQuery,
    FormVideo,
    HistoryEntry,
    HistoryKind,
    KnownVideos,
    LostQuery,
    MarksQuery,
    PassState,
    PodcastFeedQuery,
    RefreshAnswer,
    RemoveVideos,
    RestoreItem,
    RotatePodcastFeed,
    SaveChannel,
    SaveMetadata,
    SavePlaylist,
    SearchQuery,
    SyncView,
    TrashQuery,
    UndescribedVideos,
    UsedBudget,
    VerifyRequest,
    VideoMarks,
    VideoQuery,
    ViewPolicy,
    WorkPlanQuery,
    WorkPlanRequest,
    open_identity,
    rebuild_library,
)
from ytarchive.storage.bins.models import BinName
from ytarchive.storage.identity.folder_state import Access
from ytarchive.storage.service import StorageService
from ytarchive.storage.verify.checks import Checker
from ytarchive.storage.verify.finding_handler import FindingHandler
from ytarchive.storage.verify.foreign_search import ForeignFileSearch
from ytarchive.storage.verify.service import VerificationSchedule

Lose = Callable[[Path], None]

VIDEOS = 120
"""They are checked in several batches."""


def away(base: Path) -> Path:
    return base.with_name("away")


def vanish(base: Path) -> None:
    base.rename(away(base))


def unmount(base: Path) -> None:
    vanish(base)
    base.mkdir()


def mount_another_archive(base: Path) -> None:
    other = base.with_name("other")
    other.mkdir()
    create_identity(other, new_identity())
    (other / "videos" / "theirs").mkdir(parents=True)
    (other / "videos" / "theirs" / "their.mp4").touch()
    put(StorageConfig(base_path=other), BinName.TRASH, 4000)
    vanish(base)
    other.rename(base)


def bring_back(base: Path) -> None:
    if base.exists():
        base.rename(base.with_name("not the archive"))
    away(base).rename(base)


LOSE = pytest.mark.parametrize("lose", [vanish, unmount, mount_another_archive])


@pytest.fixture
def elsewhere(config: StorageConfig, tmp_path: Path) -> StorageConfig:
    """An archive whose databases are on another disk."""
    return config.model_copy(update={"state_dir": tmp_path / "state"})


async def opened(config: StorageConfig) -> StorageService:
    identity = open_identity(config, Access.CREATE)
    assert identity is not None
    return await StorageService.open(config, Presence(config.base_path, identity.id))


@pytest.fixture
async def present(elsewhere: StorageConfig) -> AsyncIterator[StorageService]:
    """An archive with an identity, in which a video and its metadata are stored."""
    service = await opened(elsewhere)
    await service.save_video(save_request(stage(elsewhere)))
    await service.save_metadata(SaveMetadata(metadata=metadata()))
    yield service
    await service.close()


@pytest.fixture
async def filled(elsewhere: StorageConfig) -> AsyncIterator[StorageService]:
    """An archive of many videos, with a foreign file."""
    open_identity(elsewhere, Access.CREATE)
    write_videos(elsewhere, VIDEOS)
    (elsewhere.base_path / "videos" / "foreign.txt").touch()
    await rebuild_library(elsewhere)
    service = await opened(elsewhere)
    yield service
    await service.close()


ITEM = "0199-item"
REQUESTS: dict[str, tuple[Any, ...]] = {
    "save_metadata": (SaveMetadata(metadata=metadata()),),
    "save_playlist": (SavePlaylist(playlist=playlist("PL" + "a" * 32)),),
    "save_video": (save_request(Path("/nowhere")),),
    "form_video": (FormVideo(video_id=VIDEO, profile=ArchiveProfile(container=Container.MKV)),),
    "start_adoption": (AdoptRequest(folder="/", dry_run=True),),
    "export": (ExportQuery(format=ExportFormat.JSON),),
    "list_views": (),
    "add_view": (AddView(name="tv", path="tv", policy=ViewPolicy.MEDIA_SERVER),),
    "remove_view": ("library",),
    "sync_view": ("library", SyncView()),
    "save_channel": (SaveChannel(channel=channel()),),
    "get_stored_channel": (CHANNEL_ID,),
    "video_exists": (VIDEO,),
    "videos_exist": (ExistsRequest(video_ids=[VIDEO]),),
    "get_metadata": (VIDEO,),
    "create_work_plan": (WorkPlanRequest(),),
    "get_stats": (),
    "start_verification": (VerifyRequest(),),
    "list_trash": (TrashQuery(),),
    "get_trash_item": (ITEM,),
    "restore_from_trash": (ITEM, RestoreItem()),
    "empty_trash": (EmptyTrash(),),
    "remove_videos": (RemoveVideos(video_ids=[VIDEO]),),
    "list_quarantine": (TrashQuery(),),
    "get_quarantine_item": (ITEM,),
    "restore_from_quarantine": (ITEM, RestoreItem()),
    "get_history": (VIDEO,),
    "get_versions": (VIDEO,),
    "record_refresh": (VIDEO, RefreshAnswer(metadata=metadata())),
    "get_marks": (VIDEO,),
    "set_marks": (VIDEO, VideoMarks(keep=True)),
    "mark_known": (KnownVideos(video_ids=[VIDEO], place="a disc"),),
    "list_files": (VIDEO,),
    "get_file": (VIDEO, f"{VIDEO}.mp4"),
    "get_media": (VIDEO,),
    "get_thumbnail": (VIDEO,),
    "get_captions": (VIDEO, "en"),
    "get_cleaned_captions": (VIDEO, "en"),
    "rebuild": (),
    "add_feed": (AddPodcastFeed(source=CHANNEL_ID),),
    "rotate_feed": (ITEM, RotatePodcastFeed()),
    "remove_feed": (ITEM,),
    "get_feed_file": (ITEM, "key", "feed.xml"),
    "add_history": (VIDEO, HistoryEntry(kind=HistoryKind.METADATA, time=utc_now(), data={})),
}
OF_DATABASES: dict[str, tuple[Any, ...]] = {
    "list_marks": (MarksQuery(),),
    "list_feeds": (PodcastFeedQuery(),),
    "list_lost": (LostQuery(),),
    "get_due": (DueQuery(),),
    "use_budget": (UsedBudget(),),
    "list_videos": (VideoQuery(),),
    "search": (SearchQuery(query="title"),),
    "list_work_plans": (WorkPlanQuery(),),
    "get_verification": (),
    "list_findings": (FindingQuery(),),
    "get_adoption": (),
    "list_adopted_files": (AdoptedFileQuery(),),
    "list_undescribed": (),
    "settle_undescribed": (UndescribedVideos(video_ids=[VIDEO]),),
}

OTHERS = {
    "get_work_plan",
    "cancel_verification",
    "cancel_adoption",
    "back_up",
    "diagnose",
    "health",
}


def operation(service: StorageService, name: str) -> Callable[..., Awaitable[Any]]:
    own: Any = [service, *service.subjects().values()]
    found: Callable[..., Awaitable[Any]] = getattr(
        next(each for each in own if callable(getattr(each, name, None))), name
    )
    return found


def test_every_operation_is_tested() -> None:
    declared = {
        each.name
        for contract in CONTRACTS
        if contract.service is ServiceName.STORAGE
        for each in endpoints(contract)
    }
    assert declared - OF_DATABASES.keys() - OTHERS == set(REQUESTS)


@LOSE
@pytest.mark.parametrize("name", REQUESTS)
async def test_operations_on_files_are_refused_with_the_remedy_and_create_nothing(
    present: StorageService, elsewhere: StorageConfig, lose: Lose, name: str
) -> None:
    base = elsewhere.base_path
    lose(base)
    before = sorted(base.rglob("*"))
    with pytest.raises(ArchiveMissing) as refused:
        await operation(present, name)(*REQUESTS[name])
    assert "mount" in refused.value.remedy.lower()
    assert sorted(base.rglob("*")) == before
    bring_back(base)
    assert (await present.video_exists(VIDEO)).exists


@LOSE
@pytest.mark.parametrize("name", OF_DATABASES)
async def test_data_of_the_databases_is_returned_while_the_folder_is_missing(
    present: StorageService, elsewhere: StorageConfig, lose: Lose, name: str
) -> None:
    before = await operation(present, name)(*OF_DATABASES[name])
    lose(elsewhere.base_path)
    assert await operation(present, name)(*OF_DATABASES[name]) == before


@LOSE
async def test_health_reports_that_the_folder_is_missing(
    present: StorageService, elsewhere: StorageConfig, lose: Lose
) -> None:
    before = await present.health()
    lose(elsewhere.base_path)
    after = await present.health()
    assert (before.is_healthy, before.checks["archive"]) == (True, True)
    assert (after.is_healthy, after.checks["archive"]) == (False, False)


@LOSE
@pytest.mark.parametrize(
    "at",
    [(Checker, "check"), (FindingHandler, "confirm"), (ForeignFileSearch, "look")],
    ids=lambda at: at[1],
)
@pytest.mark.parametrize(
    "request_",
    [{}, {"mode": "quick"}, {"quarantine": True}, {"repair": True}, {"accept_foreign": True},
     {"sample_percent": 50}],
    ids=str,
)  # fmt: skip
async def test_a_verification_is_interrupted_and_records_nothing(
    filled: StorageService,
    elsewhere: StorageConfig,
    monkeypatch: pytest.MonkeyPatch,
    lose: Lose,
    at: tuple[type, str],
    request_: dict[str, Any],
) -> None:
    """The folder is lost at the second batch, or when the first problem is looked at, or late."""
    base, calls = elsewhere.base_path, 0
    original = getattr(*at)
    for number in range(VIDEOS - 20, VIDEOS):  # so many that any sample has one
        (base / "videos" / video_id(number) / "foreign.txt").touch()

    def losing(*arguments: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == (2 if at[0] is Checker else 1):
            lose(base)
        return original(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(*at, losing)
        with suppress(ArchiveMissing):  # if it was lost before the start was answered
            await filled.verifier.start_verification(VerifyRequest(**request_))
        interrupted = await over(filled)
    assert interrupted.state is PassState.STOPPED
    assert str(base) in (interrupted.error or "")
    assert "Mount its disk" in (interrupted.error or "")
    assert {path.rpartition("/")[2] for path in await found(filled)} <= {"foreign.txt"}
    theirs = listed(base) if base.exists() else []
    bring_back(base)
    assert not [path for path in theirs if path.startswith(("metadata/", ".ytarchive/quarantine/"))]
    assert not (base / "metadata" / "accepted_files.json").exists()

    resumed = await ended(filled, **request_)
    assert (resumed.state, resumed.error) == (PassState.COMPLETE, None)
    assert resumed.files_checked == resumed.videos_checked * 2
    assert resumed.videos_checked == VIDEOS * request_.get("sample_percent", 100) / 100
    assert resumed.findings.keys() <= {FindingKind.FOREIGN}


@LOSE
async def test_the_trash_is_not_purged_while_the_archive_is_missing(
    present: StorageService, elsewhere: StorageConfig, lose: Lose
) -> None:
    """Nor the trash of another archive in its place."""
    lose(elsewhere.base_path)
    before = listed(elsewhere.base_path)
    with pytest.raises(ArchiveMissing):
        await present._trash.purge()
    assert listed(elsewhere.base_path) == before


@LOSE
async def test_captions_of_a_missing_archive_do_not_count_as_none(
    present: StorageService, elsewhere: StorageConfig, lose: Lose
) -> None:
    lose(elsewhere.base_path)
    await present._library.save_metadata(metadata(title="Changed"), b"")
    with pytest.raises(ArchiveMissing):
        await present.search.catch_up()
    assert await present.search.pending()
    bring_back(elsewhere.base_path)
    await present.search.catch_up()
    assert not await present.search.pending()


@LOSE
async def test_rebuild_keeps_the_library_if_the_folder_is_lost_meanwhile(
    filled: StorageService, elsewhere: StorageConfig, lose: Lose
) -> None:
    await filled.close()
    before = registered_files(elsewhere)
    with pytest.raises(ArchiveMissing):
        await rebuild_library(
            elsewhere, lambda found: lose(elsewhere.base_path) if found == 5 else None
        )
    assert registered_files(elsewhere) == before
    bring_back(elsewhere.base_path)
    assert (await rebuild_library(elsewhere)).videos == VIDEOS


@LOSE
@pytest.mark.parametrize("is_recorded", [True, False])
async def test_the_scheduled_verification_resumes_when_the_archive_is_present(
    filled: StorageService,
    elsewhere: StorageConfig,
    monkeypatch: pytest.MonkeyPatch,
    lose: Lose,
    is_recorded: bool,
) -> None:
    regular = elsewhere.model_copy(update={"verify_every_days": 30})
    schedule = VerificationSchedule(filled.verifier, filled._passes, filled.watch, regular)
    original, calls = Checker.check, 0

    def losing(*arguments: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 2:
            lose(elsewhere.base_path)
        return original(*arguments)

    async def refuse(*_: object) -> None:
        raise DiskFull

    with monkeypatch.context() as patch:
        patch.setattr(Checker, "check", losing)
        if not is_recorded:
            patch.setattr(filled._passes, "set_state", refuse)
        await schedule.begin()
        await until(lambda: not filled.verifier.is_running)
    assert await schedule.due() is None
    bring_back(elsewhere.base_path)
    due = await schedule.due()
    assert due is not None
    assert due <= utc_now()
    await schedule.begin()
    await until(lambda: not filled.verifier.is_running)
    verification = await filled.verifier.get_verification()
    assert (verification.state, verification.videos_checked) == (PassState.COMPLETE, VIDEOS)
