"""`ytarchive trash` and `ytarchive quarantine`, and what they ask of the services."""

import io
import sys
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.unit.cli.conftest import Cli
from tests.unit.cli.peers import FILM, Peers
from ytarchive.common.errors import RestoreConflict
from ytarchive.common.models import ErrorDetail, Page
from ytarchive.storage import (
    BinName,
    Emptied,
    EmptyTrash,
    Removed,
    RemovedVideo,
    RemoveVideos,
    Restored,
    RestoreItem,
    TrashAPI,
    TrashedFile,
    TrashItem,
    TrashQuery,
)

OTHER = "-_abcDEF123"
PATH = f"videos/{FILM}/{FILM}.mp4"


def item(bin_name: BinName = BinName.TRASH) -> TrashItem:
    return TrashItem.model_validate(
        {
            "id": "item-1", "bin": bin_name, "reason": "replaced", "detail": "by another file",
            "moved_at": datetime(2026, 1, 2, tzinfo=UTC), "video_id": FILM,
            "folder": f"videos/{FILM}", "files": [TrashedFile(path=PATH, size_bytes=5)],
        }
    )  # fmt: skip


class TrashPeer(TrashAPI):
    """A trash of one item, whose place is free or taken."""

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.is_taken = False

    async def list_trash(self, request: TrashQuery) -> Page[TrashItem]:
        self.asked.append(request)
        return Page(items=[item()])

    async def list_quarantine(self, request: TrashQuery) -> Page[TrashItem]:
        self.asked.append(request)
        return Page(items=[item(BinName.QUARANTINE)])

    async def restore_from_trash(self, item_id: str, request: RestoreItem) -> Restored:
        self.asked.append((item_id, request))
        if self.is_taken:
            raise RestoreConflict(f"item {item_id} is not restored: {PATH} exists")
        return Restored(item_id=item_id, video_id=FILM, files=[PATH])

    async def restore_from_quarantine(self, item_id: str, request: RestoreItem) -> Restored:
        return await self.restore_from_trash(item_id, request)

    async def empty_trash(self, request: EmptyTrash) -> Emptied:
        self.asked.append(request)
        return Emptied(items=1, files=1, size_bytes=5)

    async def remove_videos(self, request: RemoveVideos) -> Removed:
        self.asked.append(request)
        refused = ErrorDetail(code="E014", message="it is marked to be kept")
        first, *others = request.video_ids
        done = RemovedVideo(video_id=first, items=["item-1"], files=3, size_bytes=5)
        return Removed(
            videos=[done, *(RemovedVideo(video_id=each, error=refused) for each in others)]
        )

    async def get_trash_item(self, item_id: str) -> TrashItem:
        raise AssertionError(f"the commands never read single items: {item_id}")

    async def get_quarantine_item(self, item_id: str) -> TrashItem:
        raise AssertionError(f"the commands never read single items: {item_id}")


@pytest.fixture
def bins(archive: Peers) -> TrashPeer:
    peer = TrashPeer()
    archive.contracts[TrashAPI] = peer  # type: ignore[index]  # the mapping of a test is a dict
    return peer


@pytest.mark.parametrize("command", ["trash", "quarantine"])
def test_items_are_listed(cli: Cli, bins: TrashPeer, command: str) -> None:
    ran = cli(command, "list", "--video", FILM)
    assert ran.code == 0
    assert all(part in ran.out for part in ("item-1", FILM, PATH, "replaced: by another file"))
    assert bins.asked == [TrashQuery(video_id=FILM)]
    assert cli(command, "--json").json["items"][0]["id"] == "item-1"


@pytest.mark.parametrize("command", ["trash", "quarantine"])
def test_items_are_restored(cli: Cli, bins: TrashPeer, command: str) -> None:
    ran = cli(command, "restore", "item-1", "--replace")
    assert (ran.code, "1 file restored" in ran.out) == (0, True)
    assert bins.asked == [("item-1", RestoreItem(replace=True))]
    assert cli(command, "restore", "item-1", "--json").json["files"] == [PATH]


def test_existing_file_is_named_with_the_remedy(cli: Cli, bins: TrashPeer) -> None:
    bins.is_taken = True
    ran = cli("trash", "restore", "item-1")
    assert ran.code == 1
    assert f"{PATH} exists" in ran.err
    assert "--replace" in ran.err


@pytest.mark.parametrize("as_json", [[], ["--json"]])
def test_emptying_without_a_terminal_needs_yes(
    cli: Cli, bins: TrashPeer, as_json: list[str]
) -> None:
    assert cli("trash", "empty", *as_json).code == 2
    assert bins.asked == []
    assert cli("trash", "empty", "--yes", "--older-than", "7d", *as_json).code == 0
    assert bins.asked == [EmptyTrash(older_than_days=7)]


@pytest.mark.parametrize(("answer", "is_emptied"), [("y", True), ("n", False), ("", False)])
def test_emptying_on_a_terminal_asks_first(
    cli: Cli, bins: TrashPeer, monkeypatch: pytest.MonkeyPatch, answer: str, is_emptied: bool
) -> None:
    terminal = io.StringIO(f"{answer}\n")
    terminal.isatty = lambda: True  # type: ignore[method-assign]  # a terminal that was typed at
    monkeypatch.setattr(sys, "stdin", terminal)
    ran = cli("trash", "empty")
    assert "1 item" in ran.err
    assert (ran.code, EmptyTrash() in bins.asked) == (0 if is_emptied else 1, is_emptied)


def test_removed_videos_and_refused_ones_are_named(cli: Cli, bins: TrashPeer) -> None:
    ran = cli("storage", "remove", f"https://youtu.be/{FILM}", "--keep-metadata")
    assert ran.code == 0
    assert f"{FILM}: 3 files" in ran.out
    assert "ytarchive trash restore item-1" in ran.out
    assert bins.asked == [RemoveVideos(video_ids=[FILM], keep_metadata=True)]
    ran = cli("storage", "remove", FILM, OTHER)
    assert ran.code == 1
    assert f"{OTHER}: not removed: it is marked to be kept" in ran.out
    assert cli("storage", "remove", FILM, "--json").json["videos"][0]["items"] == ["item-1"]


def test_more_videos_than_a_request_may_name_are_removed(cli: Cli, bins: TrashPeer) -> None:
    ids = [f"video{n:06}" for n in range(101)]
    assert cli("storage", "remove", *ids).code == 1
    assert [each.video_ids for each in bins.asked] == [ids[:100], ids[100:]]
