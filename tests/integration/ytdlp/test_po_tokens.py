"""PO tokens reach YouTube: those from the settings, and those of a plugin that was allowed."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web

from tests.integration.ytdlp.helpers import Archive, ignore, settings_for
from ytarchive.common import errors
from ytarchive.common.config import Settings, YouTubeConfig
from ytarchive.common.quality import Quality
from ytarchive.ytdlp import YtDlp

pytestmark = pytest.mark.asyncio(loop_scope="module")

CLIENT = "tv_simply"
"""One of yt-dlp's clients whose media need a token."""

# Made like bgutil-ytdlp-pot-provider: found by its package's name, configured with its server.
PLUGIN = """
from yt_dlp.extractor.youtube.pot.provider import (
    ExternalRequestFeature, PoTokenProvider, PoTokenResponse, register_provider,
)
from yt_dlp.networking import Request


@register_provider
class BgUtilHTTPPTP(PoTokenProvider):
    PROVIDER_VERSION = "1"
    BUG_REPORT_LOCATION = "nowhere"
    _SUPPORTED_CLIENTS = None
    _SUPPORTED_CONTEXTS = None
    _SUPPORTED_EXTERNAL_REQUEST_FEATURES = (ExternalRequestFeature.PROXY_SCHEME_HTTP,)

    def is_available(self):
        return True

    def _real_request_pot(self, request):
        address = self._configuration_arg("base_url", default=["http://127.0.0.1:4416"])[0]
        asked = Request(f"{address}/get_pot", proxies={"all": None})
        answer = self._request_webpage(asked, pot_request=request)
        return PoTokenResponse(answer.read().decode())
"""
TOKEN = "cGx1Z2lu"
VISITOR = "Cgt2aXNpdG9y"


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The plugin, where a package installed by pip lies: on Python's path."""
    folder = tmp_path / "site" / "yt_dlp_plugins" / "extractor"
    folder.mkdir(parents=True)
    (folder / "getpot_bgutil_http.py").write_text(PLUGIN)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site"))


@pytest_asyncio.fixture(loop_scope="module")
async def provider() -> AsyncIterator[str]:
    """The address of a server that makes tokens."""

    async def token(_: web.BaseRequest) -> web.Response:
        return web.Response(text=TOKEN)

    runner = web.ServerRunner(web.Server(token))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield site.name
    await runner.cleanup()


def settings(archive: Archive, **youtube: Any) -> Settings:
    usual = settings_for(archive.youtube, archive.base)
    chosen = YouTubeConfig(player_clients=[CLIENT], **youtube)
    return usual.model_copy(update={"youtube": chosen})


async def media_requests(archive: Archive, settings: Settings) -> list[str]:
    """Download a video; the addresses of its media, as YouTube was asked for them."""
    video = archive.youtube.catalogue.add_video()
    async with YtDlp(settings) as ytdlp:
        await ytdlp.download(archive.order(video.id, quality=Quality.P360), ignore, ignore)
    return [entry.path for entry in archive.youtube.requests.entries if entry.kind == "media"]


async def test_a_token_of_the_settings_is_used(archive: Archive) -> None:
    chosen = settings(archive, po_tokens=f"{CLIENT}.gvs+c2V0dGluZw==", visitor_data=VISITOR)
    asked = await media_requests(archive, chosen)
    assert asked
    assert all("pot=c2V0dGluZw" in each for each in asked)


@pytest.mark.usefixtures("plugin")
async def test_a_plugin_is_loaded_and_its_server_asked_when_that_is_named(
    archive: Archive, provider: str
) -> None:
    asked = await media_requests(archive, settings(archive, pot_provider_url=provider))
    assert asked
    assert all(f"pot={TOKEN}" in each for each in asked)


@pytest.mark.usefixtures("plugin")
async def test_without_the_settings_no_plugin_is_loaded(archive: Archive) -> None:
    with pytest.raises(errors.NoFormats):  # what there is needs a token
        await media_requests(archive, settings(archive))
    assert not archive.youtube.requests.counts["media"]


async def test_only_the_named_clients_are_asked(archive: Archive) -> None:
    chosen = settings(archive, po_tokens=f"{CLIENT}.gvs+c2V0dGluZw==", visitor_data=VISITOR)
    await media_requests(archive, chosen)
    clients = {e.client for e in archive.youtube.requests.entries if e.kind == "player"}
    assert clients == {"TVHTML5_SIMPLY"}
