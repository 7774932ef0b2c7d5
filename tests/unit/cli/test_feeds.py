"""`ytarchive feeds`."""

from datetime import UTC, datetime

import pytest

from tests.unit.cli.conftest import Cli
from tests.unit.cli.peers import Peers
from ytarchive.common.content import Content
from ytarchive.common.errors import NotFound
from ytarchive.common.models import Page
from ytarchive.storage import (
    AddPodcastFeed,
    FeedKind,
    FeedsAPI,
    PodcastFeed,
    PodcastFeedAddress,
    PodcastFeedQuery,
    RemovedPodcastFeed,
    RotatePodcastFeed,
)

_NOW = datetime(2026, 5, 4, 3, 2, tzinfo=UTC)
FEED = PodcastFeed(
    id="01a2234a-4878-70c0-aec4-234957eeed65", kind=FeedKind.CHANNEL, source="UC" + "a" * 22,
    title="A channel", items=100, created_at=_NOW, key_created_at=_NOW,
)  # fmt: skip
ADDRESS = (
    f"http://nas.example:8000/api/v1/feeds/{FEED.id}/SHUKH-7j8c-M3RKIY-yHp4x6MBEmRL-O/feed.xml"
)


class FeedsPeer(FeedsAPI):
    """One feed; records the requests."""

    def __init__(self) -> None:
        self.requests: list[object] = []

    async def add_feed(self, request: AddPodcastFeed) -> PodcastFeedAddress:
        self.requests.append(request)
        return PodcastFeedAddress(feed=FEED, address=ADDRESS)

    async def list_feeds(self, request: PodcastFeedQuery) -> Page[PodcastFeed]:
        return Page(items=[FEED])

    async def rotate_feed(self, feed_id: str, request: RotatePodcastFeed) -> PodcastFeedAddress:
        self.requests += [feed_id, request]
        return PodcastFeedAddress(feed=FEED, address=ADDRESS)

    async def remove_feed(self, feed_id: str) -> RemovedPodcastFeed:
        if not FEED.id.startswith(feed_id):
            raise NotFound(f"there is no podcast feed {feed_id}")
        return RemovedPodcastFeed(id=FEED.id, title=FEED.title)

    async def get_feed_file(self, feed_id: str, key: str, name: str) -> Content:
        raise NotFound("not part of these tests")


@pytest.fixture
def feeds(archive: Peers) -> FeedsPeer:
    peer = FeedsPeer()
    archive.contracts[FeedsAPI] = peer  # type: ignore[index]  # a dict in tests
    return peer


def test_address_of_a_new_feed_is_printed_on_a_line_of_its_own(cli: Cli, feeds: FeedsPeer) -> None:
    shown = cli("feeds", "add", "@youtube", "--items", "7", "--base-url", "http://nas.example:8000")
    assert ADDRESS in shown.out.splitlines()
    request = AddPodcastFeed(source="@youtube", items=7, base_url="http://nas.example:8000")
    assert feeds.requests == [request]
    assert cli("feeds", "add", "--profile", "music", "--json").json["address"] == ADDRESS
    assert feeds.requests[1:] == [AddPodcastFeed(profile="music")]


def test_feeds_are_listed_without_their_addresses(cli: Cli, feeds: FeedsPeer) -> None:
    del feeds
    shown = cli("feeds").out
    assert FEED.id in shown
    assert "http" not in shown


def test_feed_is_named_by_the_beginning_of_its_id(cli: Cli, feeds: FeedsPeer) -> None:
    assert ADDRESS in cli("feeds", "rotate", "01a2").out.splitlines()
    assert feeds.requests == ["01a2", RotatePodcastFeed()]
    assert cli("feeds", "remove", "01a2").out == "podcast feed of A channel removed\n"
    assert cli("feeds", "remove", "ffff").code == 1


@pytest.mark.parametrize(
    "arguments",
    [["add"], ["add", "@youtube", "--profile", "music"], ["add", "@youtube", "--base-url", "nas"],
     ["add", "@youtube", "--items", "0"], ["rotate", "01a2", "--base-url", "ftp://nas"]],
)  # fmt: skip
def test_wrong_arguments_are_refused_before_any_request(
    cli: Cli, feeds: FeedsPeer, arguments: list[str]
) -> None:
    assert cli("feeds", *arguments).code == 2
    assert feeds.requests == []
