from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from loguru import logger

from tests.unit.storage.samples import save_request, stage
from ytarchive.common.config import StorageConfig
from ytarchive.storage.service import StorageService


@pytest.fixture
def config(tmp_path: Path) -> StorageConfig:
    """Settings of an archive that does not exist yet."""
    return StorageConfig(base_path=tmp_path / "archive")


@pytest.fixture
async def storage(config: StorageConfig) -> AsyncIterator[StorageService]:
    """A new, empty archive."""
    service = await StorageService.open(config)
    yield service
    await service.close()


@pytest.fixture
async def interrupted(config: StorageConfig, monkeypatch: pytest.MonkeyPatch) -> StorageConfig:
    """An archive whose process ended after the move was recorded and before it was executed."""

    def stop(*_: object) -> None:
        raise KeyError("represents the end of the process")

    storage = await StorageService.open(config)
    with monkeypatch.context() as patch:
        patch.setattr("ytarchive.storage.intake.moving.Mover.execute", stop)
        with pytest.raises(KeyError):
            await storage.save_video(save_request(stage(config)))
    await storage.close()
    return config


@pytest.fixture
def messages() -> Iterator[list[str]]:
    """The log entries from here on: level, service and text."""
    seen: list[str] = []
    sink = logger.add(seen.append, format="{level} {extra[service]} {message}")
    yield seen
    logger.remove(sink)
