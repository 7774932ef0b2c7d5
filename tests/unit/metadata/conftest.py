from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from pydantic import SecretStr

from tests.unit.metadata.peers import Answer, ApiPeer, Clock, ExtractorPeer
from ytarchive.common.config import Settings, YouTubeConfig, load_settings
from ytarchive.common.database import Database
from ytarchive.metadata.data_api import client as data_api
from ytarchive.metadata.data_api.client import DataApi
from ytarchive.metadata.data_api.quota import QuotaLedger
from ytarchive.metadata.repository import SCHEMA
from ytarchive.metadata.service import MetadataService

KEY = "secret-key-of-a-test"


@dataclass
class Bench:
    """A state folder, a clock and the peers; services on it are as fresh processes would be."""

    folder: Path
    clock: Clock = field(default_factory=Clock)
    extractor: ExtractorPeer = field(default_factory=ExtractorPeer)
    api: ApiPeer = field(default_factory=lambda: ApiPeer([Answer()]))

    def settings(self, **sections: Any) -> Settings:
        storage = {"base_path": str(self.folder)}
        return load_settings(
            storage=storage, youtube={"api_key": None} | sections.pop("youtube", {}), **sections
        )

    @asynccontextmanager
    async def database(self) -> AsyncIterator[Database]:
        async with await Database.open(self.folder / ".ytarchive" / "metadata.db", SCHEMA) as db:
            yield db

    @asynccontextmanager
    async def data_api(self, **limits: int) -> AsyncIterator[DataApi]:
        """A client of the answering peer, without pauses between tries."""
        async with self.database() as database, self.client(database, **limits) as api:
            yield api

    @asynccontextmanager
    async def client(self, database: Database, **limits: int) -> AsyncIterator[DataApi]:
        ledger = QuotaLedger(database, YouTubeConfig(api_key=None, **limits), self.clock)
        timeout = aiohttp.ClientTimeout(sock_read=0.3)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            yield DataApi(session, SecretStr(KEY), ledger, base_url=self.api.url)

    @asynccontextmanager
    async def keyless(self, **sections: Any) -> AsyncIterator[MetadataService]:
        """The service as it runs without a key."""
        settings = self.settings(**sections)
        async with MetadataService.open(settings, self.extractor, self.clock) as service:
            yield service


@pytest.fixture
async def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    monkeypatch.setattr(data_api, "_RETRY_BASE", 0.001)
    made = Bench(tmp_path)
    async with made.api.listening():
        yield made
