"""The control endpoint: counters and changes for clients in other processes."""

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from aiohttp import web
from aiohttp.typedefs import Handler

from .behaviour import Fault
from .catalogue import Playlist, Video

if TYPE_CHECKING:
    from .server import StandIn


class Control:
    """A small HTTP server on loopback, for JSON."""

    def __init__(self, standin: "StandIn") -> None:
        self._standin = standin
        self._runner: web.AppRunner | None = None

    async def start(self) -> str:
        """Listen and return the address."""
        app = web.Application(middlewares=[_explain])
        app.add_routes(
            [
                web.get("/", self._index),
                web.get("/counters", self._counters),
                web.get("/requests", self._requests),
                web.post("/reset", self._reset),
                web.get("/behaviour", self._behaviour),
                web.post("/behaviour", self._change_behaviour),
                web.post("/faults", self._add_fault),
                web.delete("/faults", self._clear_faults),
                web.get("/catalogue", self._catalogue),
                web.post("/channels", self._add_channel),
                web.post("/videos", self._add_video),
                web.post("/videos/{id}", self._change_video),
                web.post("/playlists", self._add_playlist),
                web.post("/playlists/{id}", self._change_playlist),
                web.post("/playlists/{id}/videos", self._append),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        """Stop listening."""
        if self._runner:
            await self._runner.cleanup()

    async def _index(self, _: web.Request) -> web.Response:
        return web.json_response(
            {"proxy_url": self._standin.proxy_url, "ca_file": str(self._standin.ca_file)}
        )

    async def _counters(self, _: web.Request) -> web.Response:
        return web.json_response(self._standin.requests.summary())

    async def _requests(self, request: web.Request) -> web.Response:
        query = request.query
        entries = self._standin.requests.as_json(
            query.get("kind", ""), query.get("video_id", ""), int(query.get("limit", 1000))
        )
        return web.json_response(entries)

    async def _reset(self, _: web.Request) -> web.Response:
        self._standin.reset()
        return web.json_response({})

    async def _behaviour(self, _: web.Request) -> web.Response:
        return web.json_response(asdict(self._standin.behaviour))

    async def _change_behaviour(self, request: web.Request) -> web.Response:
        self._standin.behaviour.change(**await request.json())
        return await self._behaviour(request)

    async def _add_fault(self, request: web.Request) -> web.Response:
        self._standin.behaviour.faults.append(Fault(**await request.json()))
        return web.json_response({}, status=201)

    async def _clear_faults(self, _: web.Request) -> web.Response:
        self._standin.behaviour.faults.clear()
        return web.json_response({})

    async def _catalogue(self, _: web.Request) -> web.Response:
        catalogue = self._standin.catalogue
        return web.json_response(
            {
                "videos": {video.id: video.state for video in catalogue.videos.values()},
                "playlists": {p.id: p.video_ids for p in catalogue.playlists.values()},
                "channels": {c.id: c.handle for c in catalogue.channels.values()},
            }
        )

    async def _add_channel(self, request: web.Request) -> web.Response:
        channel = self._standin.catalogue.add_channel(**await request.json())
        return web.json_response({"id": channel.id, "handle": channel.handle}, status=201)

    async def _add_video(self, request: web.Request) -> web.Response:
        fields = _tuples(await request.json())
        if "channel" in fields:
            fields["channel"] = self._standin.catalogue.channels[fields["channel"]]
        video = self._standin.catalogue.add_video(**fields)
        await self._standin.prepare_media()
        return web.json_response(_video(video), status=201)

    async def _change_video(self, request: web.Request) -> web.Response:
        fields = _tuples(await request.json())
        video = self._standin.catalogue.change_video(request.match_info["id"], **fields)
        await self._standin.prepare_media()
        return web.json_response(_video(video))

    async def _add_playlist(self, request: web.Request) -> web.Response:
        details = await request.json()
        catalogue = self._standin.catalogue
        if "count" in details:
            made = catalogue.playlist_of(**details)
        else:
            made = catalogue.add_playlist(**details)
        return web.json_response(_playlist(made), status=201)

    async def _change_playlist(self, request: web.Request) -> web.Response:
        fields = await request.json()
        changed = self._standin.catalogue.change_playlist(request.match_info["id"], **fields)
        return web.json_response(_playlist(changed))

    async def _append(self, request: web.Request) -> web.Response:
        playlist_id = request.match_info["id"]
        self._standin.catalogue.append(playlist_id, (await request.json())["videos"])
        return web.json_response(_playlist(self._standin.catalogue.playlists[playlist_id]))


@web.middleware
async def _explain(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer 400 with the reason for what does not fit."""
    try:
        return await handler(request)
    except (KeyError, TypeError, ValueError) as wrong:
        return web.json_response({"error": repr(wrong)}, status=400)


def _tuples(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a video: lists as tuples, and the time of its upload."""
    if "uploaded" in fields:
        fields["uploaded"] = datetime.fromisoformat(fields["uploaded"])
    return {
        name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()
    }


def _video(video: Video) -> dict[str, Any]:
    return {"id": video.id, "title": video.title, "state": video.state}


def _playlist(playlist: Playlist) -> dict[str, Any]:
    return {"id": playlist.id, "title": playlist.title, "videos": playlist.video_ids}
