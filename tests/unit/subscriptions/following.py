"""Subscriptions over the real queue and peers of the other services, for tests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.unit.jobs.conftest import Workshop
from tests.unit.jobs.peers import MetadataPeer
from ytarchive.common.channel_lists import channel_of_list, uploads_playlist
from ytarchive.common.config import Settings, load_settings
from ytarchive.common.errors import SourceGone
from ytarchive.metadata import PlaylistPage, PlaylistPageQuery
from ytarchive.subscriptions.service import FollowingClients, SubscriptionsService

CHANNEL = "UC" + "followed0000000000000A"
UPLOADS = uploads_playlist(CHANNEL)
PLAYLIST = "PLfollowed000001"


@dataclass
class YouTube(MetadataPeer):
    """Lists of videos that a test changes."""

    names: dict[str, str] = field(default_factory=lambda: {"@achannel": UPLOADS, CHANNEL: UPLOADS})
    playlists: dict[str, list[str]] = field(default_factory=lambda: {UPLOADS: [], PLAYLIST: []})

    async def get_playlist_page(self, playlist_id: str, request: PlaylistPageQuery) -> PlaylistPage:
        list_id = self.names.get(playlist_id, playlist_id)
        if list_id not in self.playlists:
            raise SourceGone(f"YouTube has no list {list_id}")
        page = await super().get_playlist_page(list_id, request)
        if not list_id.startswith("UU"):
            return page
        owner = {"channel_id": channel_of_list(list_id), "channel_title": "A channel"}
        return page.model_copy(update=owner)


@dataclass
class Following:
    """Subscriptions on a state folder, as a process opens them."""

    base_path: Path
    youtube: YouTube = field(default_factory=YouTube)

    @property
    def settings(self) -> Settings:
        return load_settings(
            storage={"base_path": self.base_path},
            download={"pace": "off"},
            jobs={"shutdown_grace": 0},
        )

    @asynccontextmanager
    async def open(self) -> AsyncIterator[SubscriptionsService]:
        state = self.settings.storage.state_path
        workshop = Workshop(state, self.settings, metadata=self.youtube)
        async with workshop.open() as jobs:
            clients = FollowingClients(jobs, self.youtube)
            async with SubscriptionsService.open(self.settings, clients) as opened:
                yield opened
