"""Models of stored channels."""

from pydantic import Field

from ytarchive.common.media import ChannelMetadata
from ytarchive.common.models import Model


class StoredChannel(ChannelMetadata):
    """A channel as stored in `metadata/channels/<id>/channel.json`."""

    poster_url: str | None = Field(
        default=None, description="The address of the stored avatar, `poster.jpg`; null without one"
    )
    fanart_url: str | None = Field(
        default=None, description="The address of the stored banner, `fanart.jpg`; null without one"
    )


class SaveChannel(Model):
    """A channel to store."""

    channel: ChannelMetadata
