"""One stand-in and one pool of workers for all tests of a module; each test adds its own videos."""

from collections.abc import AsyncIterator, Iterator, Mapping

import pytest
import pytest_asyncio

from tests.integration.ytdlp.helpers import MEDIA, Archive, settings_for
from tests.standin import StandIn
from tests.ytdlp_requests import plain_requests
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


_counted: dict[str, int] = {}


@pytest_asyncio.fixture(loop_scope="module")
async def extraction(archive: Archive) -> Mapping[str, int]:
    """The requests by kind of one extraction by plain yt-dlp, of a video that can be downloaded."""
    if not _counted:
        video = archive.youtube.catalogue.add_video()
        _counted.update(await plain_requests(archive.youtube, "--simulate", video.id))
    return _counted
