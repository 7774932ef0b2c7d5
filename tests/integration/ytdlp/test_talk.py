"""Comments and live chat are fetched after the media, and their failure never loses a video."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.integration.ytdlp.helpers import Archive, files, ignore
from tests.standin import Fault
from ytarchive.common.errors import RequestsPaused
from ytarchive.ytdlp import Gate, OpenGate

pytestmark = pytest.mark.asyncio(loop_scope="module")


class CountingGate(Gate):
    """Admits a number of requests with a cost of their own, and counts them."""

    def __init__(self, most: int = 1000) -> None:
        self.most = most
        self.costs: list[float] = []

    @asynccontextmanager
    async def passing(self, source: str, *, cost: float, patient: bool) -> AsyncIterator[None]:
        """Count; refuse those beyond the number."""
        if len(self.costs) == self.most:
            raise RequestsPaused("requests are paused")
        self.costs.append(cost)
        yield


@pytest.fixture
def gate(archive: Archive) -> Any:
    archive.ytdlp.gate = counting = CountingGate()
    yield counting
    archive.ytdlp.gate = OpenGate()


async def comments_of(archive: Archive, video_id: str, **wanted: Any) -> list[dict[str, Any]]:
    order = archive.order(video_id, include_comments=True, **wanted)
    done = await archive.ytdlp.download(order, ignore, ignore)
    assert (done.missing, done.remarks) == ([], [])
    stored = json.loads((order.folder / f"{video_id}.comments.json").read_text())
    assert stored["sort"] == wanted.get("comment_sort", "top")
    found: list[dict[str, Any]] = stored["comments"]
    return found


async def test_comments_with_replies_are_stored_after_the_media_with_a_permit_for_each_request(
    archive: Archive, gate: CountingGate
) -> None:
    video = archive.youtube.catalogue.add_video(comments=45, replies=2)
    found = await comments_of(archive, video.id)
    assert len(found) == 45 * 3
    assert [each["text"] for each in found[:4]] == [
        "Stand-in comment 0", "Stand-in comment 0.0", "Stand-in comment 0.1", "Stand-in comment 1",
    ]  # fmt: skip
    assert [each["parent"] for each in found[:2]] == ["root", found[0]["id"]]
    kinds = [entry.kind for entry in archive.youtube.requests.entries]
    last_media = max(place for place, kind in enumerate(kinds) if kind == "media")
    assert kinds.index("comments") > last_media
    assert gate.costs == [0.2] * kinds.count("comments") == [0.2] * (1 + 3 + 45)


async def test_number_and_order_of_comments_are_those_of_the_profile(archive: Archive) -> None:
    video = archive.youtube.catalogue.add_video(comments=45)
    few = await comments_of(archive, video.id, max_comments=7, comment_sort="new")
    assert [each["text"] for each in few] == [f"Stand-in comment {n}" for n in range(44, 37, -1)]
    assert archive.youtube.requests.counts["comments"] == 2
    other = archive.youtube.catalogue.add_video(comments=250)
    assert len(await comments_of(archive, other.id)) == 200
    third = archive.youtube.catalogue.add_video(comments=250)
    assert len(await comments_of(archive, third.id, max_comments=0)) == 250


@pytest.mark.parametrize(
    "fault", [{"status": 503}, {"status": 429}, {"hang": True}, {"cut_after": 5}]
)
async def test_failing_comments_are_missing_and_fetched_later_without_the_media(
    archive: Archive, fault: dict[str, Any]
) -> None:
    video = archive.youtube.catalogue.add_video(comments=25)
    archive.youtube.behaviour.faults += [Fault(kind="comments", **fault)]
    wanted = archive.order(video.id, include_comments=True)
    async with archive.other(side_file_timeout=1) as hasty:
        done = await hasty.download(wanted, ignore, ignore)
    assert done.missing == ["comments"]
    assert f"{video.id}.mp4" in files(done.folder)
    assert not any("comments" in name for name in files(done.folder))
    archive.youtube.behaviour.change(faults=[])
    archive.youtube.reset()
    folder = archive.base / ".ytarchive/staging/later"
    present = ["captions:en", "thumbnail"]
    rest = wanted.model_copy(update={"without_media": True, "folder": folder, "present": present})
    done = await archive.ytdlp.download(rest, ignore, ignore)
    assert "added comments" in done.remarks
    assert archive.media_seen() == 0


async def test_comments_stop_while_requests_are_paused_and_the_video_is_kept(
    archive: Archive, gate: CountingGate
) -> None:
    video = archive.youtube.catalogue.add_video(comments=45)
    gate.most = 2
    done = await archive.ytdlp.download(
        archive.order(video.id, include_comments=True), ignore, ignore
    )
    assert done.missing == ["comments"]
    assert "requests to YouTube are paused" in done.remarks[0]
    assert archive.youtube.requests.counts["comments"] == 2


@pytest.mark.parametrize("number", [0, None])
async def test_disabled_comments_are_not_missing(archive: Archive, number: int | None) -> None:
    video = archive.youtube.catalogue.add_video(comments=number)
    done = await archive.ytdlp.download(
        archive.order(video.id, include_comments=True, include_live_chat=True), ignore, ignore
    )
    assert done.missing == []
    assert done.remarks == [
        "no comments: YouTube has none, or they are disabled",
        "no live chat: YouTube has none",
    ]


async def test_chat_of_a_finished_stream_is_stored_with_a_permit_for_each_request(
    archive: Archive, gate: CountingGate
) -> None:
    video = archive.youtube.catalogue.add_video(was_live=True, chat=25)
    order = archive.order(video.id, include_live_chat=True)
    done = await archive.ytdlp.download(order, ignore, ignore)
    assert (done.missing, done.remarks) == ([], [])
    lines = (order.folder / f"{video.id}.live_chat.json").read_text().splitlines()
    texts = [f"Stand-in message {n}" for n in range(25)]
    assert [text in line for text, line in zip(texts, lines, strict=True)] == [True] * 25
    assert gate.costs == [0.2] * 5  # the watch page, the chat's page, and three of messages
    assert archive.youtube.requests.counts["chat"] == 4


async def test_failing_chat_is_missing_and_the_video_is_kept(archive: Archive) -> None:
    video = archive.youtube.catalogue.add_video(was_live=True, chat=25)
    archive.youtube.behaviour.faults += [Fault(kind="chat", status=403)]
    order = archive.order(video.id, include_live_chat=True)
    done = await archive.ytdlp.download(order, ignore, ignore)
    assert done.missing == ["live_chat"]
    assert not any("live_chat" in name for name in files(done.folder))
