"""Contract of the stored channels."""

from typing import ClassVar, Protocol

from ytarchive.common.contract import Contract, endpoint
from ytarchive.common.identifiers import ChannelId
from ytarchive.common.models import Done
from ytarchive.common.services import ServiceName
from ytarchive.storage.channels.models import SaveChannel, StoredChannel


class ChannelsAPI(Contract, Protocol):
    """Store the metadata, avatar and banner of channels."""

    service: ClassVar[ServiceName] = ServiceName.STORAGE

    @endpoint("POST /storage/save/channel", status=201)
    async def save_channel(self, request: SaveChannel) -> Done:
        """Write a channel's metadata to `metadata/channels/<id>/channel.json`.

        Later its avatar and banner are fetched if they are missing or have new addresses.
        """
        ...

    @endpoint("GET /storage/channels/{channel}")
    async def get_stored_channel(self, channel: ChannelId) -> StoredChannel:
        """Return a stored channel by its id (`UC…`). Raises NotFound."""
        ...
