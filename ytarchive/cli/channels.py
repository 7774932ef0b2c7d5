"""Channels as people name them, for filters of what is stored."""

from ytarchive.cli.session import chosen, connected, read_settings
from ytarchive.common.channel_lists import is_channel_name
from ytarchive.common.errors import InvalidIdentifier, NotWritable, YTArchiveError
from ytarchive.common.identifiers import parse_channel
from ytarchive.discovery import Archive
from ytarchive.metadata import MetadataQuery
from ytarchive.storage import Access


async def channel_filter(archive: Archive, given: str | None) -> str | None:
    """Return the id of the channel that an id, address or @handle means; a title as it is.

    A handle that was not listed before is looked up at YouTube. Where that fails it is taken for a
    title, so that the filter finds nothing instead of everything.
    """
    if given is None:
        return None
    try:
        name = parse_channel(given)
    except InvalidIdentifier:
        return given
    if not is_channel_name(name):
        return name
    try:
        return await _looked_up(archive, name)
    except YTArchiveError:
        return given


async def _looked_up(archive: Archive, name: str) -> str:
    try:
        return (await archive.metadata.get_channel(name, MetadataQuery())).channel_id
    except NotWritable:  # a command that reads has only what is cached
        options = chosen()
        async with connected(read_settings(options), options.server, Access.WRITE) as owner:
            return (await owner.metadata.get_channel(name, MetadataQuery())).channel_id
