"""The podcast feeds in feeds.db."""

from dataclasses import dataclass
from datetime import datetime

from ytarchive.common.cursors import id_cursor, require_id_cursor
from ytarchive.common.database import Database, Row
from ytarchive.common.listing import Listing, read_alone
from ytarchive.common.models import Page
from ytarchive.common.rows import all_readable, fields_of, row_of
from ytarchive.common.schema import Schema
from ytarchive.storage.feeds.models import FeedKind, PodcastFeed, PodcastFeedQuery

SCHEMA = Schema(
    package="ytarchive.storage.feeds",
    durable=True,
    file="feeds.db",
    lost_when_older="the addresses of podcast feeds are no longer valid. Add the feeds again",
)


@dataclass(frozen=True)
class Feed:
    """A podcast feed, as stored."""

    id: str
    kind: FeedKind
    source: str
    title: str
    items: int
    base_url: str | None
    key_hash: bytes
    created_at: datetime
    key_created_at: datetime

    def shown(self) -> PodcastFeed:
        """Return the model that callers get."""
        return PodcastFeed(**{name: getattr(self, name) for name in PodcastFeed.model_fields})


class FeedsRepository:
    """Reads and writes podcast feeds."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def add(self, feed: Feed) -> None:
        """Store a new feed."""
        await self.database.execute("add_feed", row_of(feed))

    async def get(self, feed_id: str) -> Feed | None:
        """Return a feed by its complete id."""
        rows = await self.database.fetch_all("get_feed", {"id": feed_id})
        return next(iter(_all(rows)), None)

    async def from_id(self, beginning: str) -> list[Feed]:
        """Return at most two feeds whose ids begin with a text."""
        values = {"start": beginning, "end": beginning + "~"}
        return _all(await self.database.fetch_all("feeds_from_id", values))

    async def page(self, query: PodcastFeedQuery) -> Page[PodcastFeed]:
        """Return feeds, oldest first. Raises InvalidRequest for a wrong cursor."""
        require_id_cursor(query.cursor)
        listing = Listing(
            name=_name,
            place=lambda row: id_cursor(row["id"]),
            read=read_alone(lambda row: _feed(row).shown(), _name),
        )

        async def fetch(count: int) -> list[Row]:
            values = {"after": query.cursor or "", "limit": count}
            return await self.database.fetch_all("list_feeds", values)

        return await listing.page(query.limit, fetch)

    async def set_key(self, feed: Feed) -> None:
        """Store the key and the base URL of a feed."""
        await self.database.execute("set_feed_key", row_of(feed))

    async def remove(self, feed_id: str) -> None:
        """Delete a feed."""
        await self.database.execute("remove_feed", {"id": feed_id})


def _all(rows: list[Row]) -> list[Feed]:
    return all_readable(rows, _feed, _name)


def _name(row: Row) -> str:
    return f"podcast feed {row['id']}"


def _feed(row: Row) -> Feed:
    return Feed(**fields_of(Feed, row) | {"kind": FeedKind(row["kind"])})
