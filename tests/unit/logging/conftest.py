import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from loguru import logger

from ytarchive.common.config import Settings, load_settings
from ytarchive.logging import Console, configure_logging
from ytarchive.logging.service import LoggingService
from ytarchive.logging.sinks import early_entries


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of an archive that does not exist yet."""
    return load_settings(storage={"base_path": str(tmp_path / "archive")})


@pytest.fixture
def _loguru() -> Iterator[None]:
    """Loguru as in a process of the archive, without a console; restored afterwards."""
    early_entries.handed_over("DEBUG")  # those of other tests
    configure_logging("DEBUG", console=Console.NONE)
    yield
    logger.remove()
    logger.configure(patcher=lambda _: None)
    logger.add(sys.stderr)


@pytest.fixture
async def service(settings: Settings, _loguru: None) -> AsyncIterator[LoggingService]:
    """A Logging service in a new archive."""
    async with LoggingService.open(settings) as opened:
        yield opened
