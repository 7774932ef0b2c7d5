"""Resolves channel names in filters of stored videos."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from ytarchive.common.channel_lists import is_channel_name
from ytarchive.common.errors import InvalidIdentifier, SourceGone
from ytarchive.common.identifiers import parse_channel
from ytarchive.storage.library.models import VideoFilter

F = TypeVar("F", bound=VideoFilter)

ChannelLookup = Callable[[str], Awaitable[str]]
"""Returns a channel's id by its @handle or older name. Raises SourceGone if there is none."""


class ChannelNames:
    """Replaces the channel name in a filter with the channel's id."""

    def __init__(self) -> None:
        self.look_up: ChannelLookup | None = None
        """Set by the code that opens the services, because Storage calls no other service."""

    async def resolved(self, query: F) -> F:
        """Return the query with the id of its channel, or with the title if it has one.

        A handle without a channel is treated as a title, so that the filter matches nothing. Raises
        the errors of the look-up.
        """
        if query.channel is None:
            return query
        return query.model_copy(update={"channel": await self._id_or_title(query.channel)})

    async def _id_or_title(self, given: str) -> str:
        try:
            name = parse_channel(given)
        except InvalidIdentifier:
            return given
        if not is_channel_name(name) or self.look_up is None:
            return name
        try:
            return await self.look_up(name)
        except SourceGone:
            return given
