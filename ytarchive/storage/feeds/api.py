"""Contract of the podcast feeds."""

from typing import Annotated, ClassVar, Protocol

from pydantic import Field

from ytarchive.common.content import Content
from ytarchive.common.contract import Contract, endpoint
from ytarchive.common.identifiers import OpaqueId
from ytarchive.common.models import Page
from ytarchive.common.services import ServiceName
from ytarchive.storage.feeds.models import (
    AddPodcastFeed,
    PodcastFeed,
    PodcastFeedAddress,
    PodcastFeedQuery,
    RemovedPodcastFeed,
    RotatePodcastFeed,
)

AnyText = Annotated[str, Field(max_length=200)]
"""A part of an address. Its form is not checked: all wrong addresses have the same answer."""


class FeedsAPI(Contract, Protocol):
    """Offer stored videos to podcast apps, at addresses with a key."""

    service: ClassVar[ServiceName] = ServiceName.STORAGE

    @endpoint("POST /feeds", status=201)
    async def add_feed(self, request: AddPodcastFeed) -> PodcastFeedAddress:
        """Add a podcast feed, and return its address with a new key.

        Raises NotFound if the archive has no video of the channel, or no such playlist, and
        InvalidRequest for a profile that is unknown or not for sound.
        """
        ...

    @endpoint("GET /feeds")
    async def list_feeds(self, request: PodcastFeedQuery) -> Page[PodcastFeed]:
        """Return the podcast feeds without their keys, oldest first."""
        ...

    @endpoint("POST /feeds/{feed_id}/rotate")
    async def rotate_feed(
        self, feed_id: OpaqueId, request: RotatePodcastFeed
    ) -> PodcastFeedAddress:
        """Replace the key of a podcast feed; the earlier address is no longer valid.

        `feed_id`: the id or its beginning. Raises NotFound, or InvalidIdentifier if several match.
        """
        ...

    @endpoint("DELETE /feeds/{feed_id}")
    async def remove_feed(self, feed_id: OpaqueId) -> RemovedPodcastFeed:
        """Remove a podcast feed; its videos are kept. Raises as `rotate_feed`."""
        ...

    @endpoint("GET /feeds/{feed_id}/{key}/{name}", has_own_key=True)
    async def get_feed_file(self, feed_id: AnyText, key: AnyText, name: AnyText) -> Content:
        """Return a file of a podcast feed: `feed.xml`, or media or pictures that it names.

        The key replaces the access token. Raises NotFound for a wrong key as for a missing feed.
        """
        ...
