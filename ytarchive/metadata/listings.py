"""Passes through playlists: their state and the entries listed so far.

A pass is stored page by page. So a cursor survives a restart, a repeated page needs no request to
YouTube, and later requests for the same playlist share the pass.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ytarchive.common.database import Database, Row, Writer
from ytarchive.common.media import PlaylistHeading, PlaylistVideo
from ytarchive.common.models import to_micros
from ytarchive.common.rows import fields_of, readable, row_of
from ytarchive.metadata.repository import read_rows
from ytarchive.ytdlp import ListedEntries


class Listing(PlaylistHeading):
    """One pass through a playlist."""

    listing_id: int
    video_count: int | None
    started_at: datetime
    listed: int
    page_token: str | None
    complete: bool
    described: bool
    """Whether the video of each entry was requested; yt-dlp's listings count as that."""


@dataclass(frozen=True)
class ListedBatch:
    """The next entries of a pass, and how it continues."""

    videos: list[PlaylistVideo]
    page_token: str | None
    complete: bool


class ListingRepository:
    """The passes in metadata.db."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def fresh(
        self, playlist_id: str, since: datetime, now: datetime, *, described: bool
    ) -> Listing | None:
        """Return the newest pass that began after `since`, finished or not."""
        parameters = {
            "playlist_id": playlist_id,
            "since": to_micros(since),
            "now": to_micros(now),
            "described": described,
        }
        row = await self._database.fetch_one("fresh_listing", parameters)
        return readable(row, _listing, "a listing") if row else None

    async def get(self, listing_id: int) -> Listing | None:
        """Return the current state of a pass; None if it was removed."""
        row = await self._database.fetch_one("listing", {"listing_id": listing_id})
        return readable(row, _listing, "a listing") if row else None

    async def latest(self, playlist_id: str) -> Listing | None:
        """Return the newest pass through a playlist, however old."""
        row = await self._database.fetch_one("latest_listing", {"playlist_id": playlist_id})
        return readable(row, _listing, "a listing") if row else None

    async def start(
        self, about: ListedEntries, first: ListedBatch, began: datetime, *, described: bool
    ) -> Listing:
        """Store a new pass with its first entries; older passes of the playlist are removed."""
        parameters = about.model_dump(include={*PlaylistHeading.model_fields, "video_count"})
        parameters |= {"now": to_micros(began), "described": described}

        def write(writer: Writer) -> Row | None:
            row = writer.fetch_one("start_listing", parameters)
            listing_id = row["listing_id"] if row else 0
            _append(writer, listing_id, 0, first)
            dropped = {"playlist_id": about.playlist_id, "kept": 3}
            writer.execute("drop_older_listings", dropped)
            return writer.fetch_one("listing", {"listing_id": listing_id})

        row = await self._database.write(write)
        assert row is not None  # noqa: S101  # it was inserted in this transaction
        return _listing(row)

    async def append(self, listing: Listing, batch: ListedBatch) -> Listing | None:
        """Add entries to a pass; return None if it was removed meanwhile."""

        def write(writer: Writer) -> Row | None:
            row = writer.fetch_one("listing", {"listing_id": listing.listing_id})
            if row is not None:
                _append(writer, listing.listing_id, row["listed"], batch)
            return writer.fetch_one("listing", {"listing_id": listing.listing_id})

        row = await self._database.write(write)
        return readable(row, _listing, "a listing") if row else None

    async def entries(
        self, listing: Listing, position: int = 0, most: int = -1
    ) -> list[PlaylistVideo]:
        """Return the entries of a pass from a position on."""
        parameters = {"listing_id": listing.listing_id, "position": position, "most": most}
        return await read_rows(await self._database.fetch_all("entries", parameters), _entry)

    async def listed_videos(self, listing: Listing) -> Counter[str]:
        """Return how often each video was listed so far."""
        parameters = {"listing_id": listing.listing_id}
        rows = await self._database.fetch_all("listed_videos", parameters)
        return Counter({row["video_id"]: row["times"] for row in rows})


def _append(writer: Writer, listing_id: int, listed: int, batch: ListedBatch) -> None:
    rows = [_row(listing_id, listed + index, video) for index, video in enumerate(batch.videos)]
    writer.execute_many("save_entry", rows)
    parameters = {
        "listing_id": listing_id,
        "added": len(rows),
        "page_token": batch.page_token,
        "complete": int(batch.complete),
    }
    writer.execute("advance_listing", parameters)


def _row(listing_id: int, position: int, video: PlaylistVideo) -> dict[str, Any]:
    return row_of(video) | {"listing_id": listing_id, "position": position}


def _entry(row: Row) -> PlaylistVideo:
    return PlaylistVideo(**fields_of(PlaylistVideo, row))


def _listing(row: Row) -> Listing:
    return Listing(**fields_of(Listing, row))
