"""One stand-in and one pool of workers for all tests of a module; each test adds its own videos."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from tests.integration.ytdlp.helpers import MEDIA, Archive, settings_for
from tests.standin import StandIn
from ytarchive.ytdlp import YtDlp


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Archive]:
    """Everything that is costly to start."""
    base = tmp_path_factory.mktemp("archive")
    async with StandIn(media=MEDIA) as youtube, YtDlp(settings_for(youtube, base)) as ytdlp:
        yield Archive(youtube, ytdlp, base)


@pytest.fixture
def archive(shared: Archive) -> Iterator[Archive]:
    """The shared archive, with nothing counted yet and, afterwards, no fault left."""
    shared.youtube.reset()
    yield shared
    shared.youtube.behaviour.change(faults=[], media_bytes_per_second=None)
