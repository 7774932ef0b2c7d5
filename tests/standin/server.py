"""The stand-in as a whole: proxy, TLS, web server and control endpoint in one process."""

import asyncio
import ssl
import tempfile
from pathlib import Path
from typing import Self

import trustme
from aiohttp import web

from .behaviour import Behaviour
from .catalogue import Catalogue
from .control import Control
from .dispatch import Dispatcher
from .formats import DEFAULT_ITAGS
from .log import RequestLog
from .media import MediaLibrary, MediaSpec
from .proxy import ProxyConnection, ProxyFront

LOOPBACK = "127.0.0.1"
HOST_NAMES = (
    "youtube.com",
    "*.youtube.com",
    "youtu.be",
    "*.googlevideo.com",
    "sponsor.ajay.app",
    "ytimg.com",
    "*.ytimg.com",
    "*.ggpht.com",
    "*.googleusercontent.com",
    "*.googleapis.com",
)


class StandIn:
    """A stand-in YouTube, running from `async with` to its end.

    `requests` logs what was asked; `catalogue` and `behaviour` may be changed at any time.
    """

    def __init__(
        self,
        catalogue: Catalogue | None = None,
        behaviour: Behaviour | None = None,
        *,
        media: MediaSpec | None = None,
        folder: Path | None = None,
        port: int = 0,
    ) -> None:
        self.catalogue = catalogue or Catalogue()
        self.behaviour = behaviour or Behaviour()
        self.requests = RequestLog()
        self.media = MediaLibrary(media or MediaSpec())
        self.dispatcher = Dispatcher(self.catalogue, self.behaviour, self.media, self.requests)
        self._control = Control(self)
        self._own_folder = tempfile.TemporaryDirectory() if folder is None else None
        self._folder = Path(self._own_folder.name) if self._own_folder else Path(str(folder))
        self._wanted_port = port
        self.port = 0
        self.control_url = ""

    @property
    def proxy_url(self) -> str:
        """The address for yt-dlp's `proxy` and aiohttp's `proxy=`."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def ca_file(self) -> Path:
        """The certificate to trust, in PEM."""
        return self._folder / "standin-ca.pem"

    async def __aenter__(self) -> Self:
        await self.prepare_media()
        context = self._new_certificates()
        self._web = web.Server(self.dispatcher, access_log=None, handler_cancellation=True)
        self._front = ProxyFront(context, self._web, self.requests, self.dispatcher.faults)
        self._listener = await asyncio.get_running_loop().create_server(
            lambda: ProxyConnection(self._front), LOOPBACK, self._wanted_port
        )
        self.port = self._listener.sockets[0].getsockname()[1]
        self.control_url = await self._control.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._listener.close()
        await self._control.stop()
        self._web.pre_shutdown()
        await self._front.close()
        await self._web.shutdown(timeout=0)
        self.media.close()
        if self._own_folder:
            self._own_folder.cleanup()

    async def prepare_media(self) -> None:
        """Make the media of every format that the catalogue names."""
        named = {itag for video in self.catalogue.videos.values() for itag in video.offered_itags}
        await self.media.prepare(named | set(DEFAULT_ITAGS))

    def reset(self) -> None:
        """Forget all counts: requests, quota, what faults and media addresses were used."""
        self.dispatcher.reset()

    def _new_certificates(self) -> ssl.SSLContext:
        authority = trustme.CA()
        self._folder.mkdir(parents=True, exist_ok=True)
        authority.cert_pem.write_to_path(str(self.ca_file))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_alpn_protocols(["http/1.1"])
        authority.issue_cert(*HOST_NAMES).configure_cert(context)
        return context
