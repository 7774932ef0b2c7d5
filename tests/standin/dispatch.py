"""Answers each request: faults first, then what the address asks for."""

import asyncio
import base64
import hashlib
import json
import re
import time
from collections.abc import Callable
from itertools import count
from typing import Any

from aiohttp import web

from .api_errors import API_ERRORS, GARBAGE
from .behaviour import Behaviour, Fault, FaultBook
from .captions import caption_codes, captions
from .catalogue import Catalogue
from .data_api import DataApi
from .feeds import feed
from .listing import Listing
from .log import RequestLog
from .manifests import EXPIRE_MARK, TICKET_MARK, manifest
from .media import MediaLibrary
from .player import Player
from .routes import Question, read_question
from .states import VideoState
from .talk import chat_page, chat_start, comments_page
from .transfer import MediaServer, send
from .watch import BASE_JS, IFRAME_API, WatchPages, chat_html, embed_page, watch_data

HTML = "text/html; charset=utf-8"
JSON = "application/json; charset=UTF-8"
SCRIPT = "text/javascript; charset=utf-8"
_MASTER = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=500000,RESOLUTION=640x360\nindex.m3u8\n"
_ON_AIR = "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXT-X-MEDIA-SEQUENCE:1\n#EXTINF:5,\nnext.ts\n"


class Dispatcher:
    """The handler of every request that reaches the TLS side."""

    def __init__(
        self, catalogue: Catalogue, behaviour: Behaviour, media: MediaLibrary, log: RequestLog
    ) -> None:
        self._catalogue = catalogue
        self._behaviour = behaviour
        self._media = media
        self._log = log
        self.faults = FaultBook(behaviour)
        self._player = Player(catalogue, media)
        self._pages = WatchPages(catalogue, self._player)
        self._listing = Listing(catalogue, self._player)
        self._api = DataApi(catalogue, behaviour, log, self._player)
        self._transfers = MediaServer(media, behaviour, log)
        self._tickets = count(1)
        self._plays_asked = 0
        self._answers: dict[str, Callable[[Question], web.Response]] = {
            "watch": self._watch,
            "player": self._play,
            "playlist": self._playlist,
            "channel": self._channel,
            "browse": lambda asked: _json_or_404(self._listing.browse(asked.payload)),
            "next": self._next,
            "comments": self._comments,
            "chat": self._chat,
            "resolve": self._resolve,
            "caption": self._caption,
            "feed": self._feed,
            "thumbnail": self._thumbnail,
            "avatar": self._channel_picture,
            "banner": self._channel_picture,
            "script": self._script,
            "embed": lambda _: _body(embed_page(), HTML),
            "manifest": self._manifest,
            "sponsorblock": self._segments,
            "ping": lambda _: web.Response(status=204),
        }

    def reset(self) -> None:
        """Start counting anew: log, quota, faults, uses of media addresses."""
        self._log.reset()
        self.faults.reset()
        self._transfers.reset()
        self._plays_asked = 0

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer a request and log it."""
        asked = await read_question(request)
        entry = self._log.open(asked.entry)
        response: web.StreamResponse | None = None
        try:
            response = await self._respond(asked)
            if isinstance(response, web.Response) and isinstance(response.body, bytes):
                entry.bytes_sent = len(response.body)
            return response
        finally:
            self._log.close(entry, response.status if response else 0)

    async def _respond(self, asked: Question) -> web.StreamResponse:
        entry = asked.entry
        fault = self.faults.strike(entry.kind, entry.video_id)
        wait = self._behaviour.latency_ms + (fault.delay_ms if fault else 0)
        if wait:
            await asyncio.sleep(wait / 1000)
        if fault and fault.hang:
            # The web server cancels a handler whose client gives up.
            await asyncio.Event().wait()
        refusal = _refusal(fault)
        if entry.kind == "media" and refusal is None:
            return await self._transfers.answer(asked.request, entry, fault)
        response = refusal or self._answer(asked)
        return await _mutilated(asked, response, fault) if fault else response

    def _answer(self, asked: Question) -> web.Response:
        if asked.entry.kind.startswith("api:"):
            return self._data_api(asked)
        answer = self._answers.get(asked.entry.kind)
        return answer(asked) if answer else web.Response(status=404)

    def _forced_state(self) -> VideoState | None:
        self._plays_asked += 1
        late = self._plays_asked > self._behaviour.everything_becomes_after
        return self._behaviour.everything_becomes if late else None

    def _filled(self, body: bytes) -> bytes:
        expiry = int(time.time()) + self._behaviour.media_url_lifetime
        body = body.replace(EXPIRE_MARK, str(expiry).encode())
        return body.replace(TICKET_MARK, str(next(self._tickets)).encode())

    def _watch(self, asked: Question) -> web.Response:
        list_id = asked.request.query.get("list", "")
        html = self._pages.html(asked.entry.video_id, list_id, self._forced_state())
        return _body(self._filled(html), HTML)

    def _play(self, asked: Question) -> web.Response:
        forced = self._forced_state()
        body = self._player.body(asked.entry.video_id, asked.entry.client, forced)
        return _body(self._filled(body), JSON)

    def _playlist(self, asked: Question) -> web.Response:
        return _body(self._listing.playlist_html(asked.request.query.get("list", "")), HTML)

    def _channel(self, asked: Question) -> web.Response:
        path = re.sub("^/(channel|c|user)/", "/", asked.request.path)
        name, _, tab = path.strip("/").partition("/")
        html = self._listing.channel_html(name, tab)
        return web.Response(status=404) if html is None else _body(html, HTML)

    def _next(self, asked: Question) -> web.Response:
        video_id = str(asked.payload.get("videoId", ""))
        return _json_or_404(watch_data(self._catalogue.videos.get(video_id)))

    def _comments(self, asked: Question) -> web.Response:
        return _json_or_404(comments_page(self._catalogue, asked.payload["continuation"]))

    def _chat(self, asked: Question) -> web.Response:
        if asked.payload:
            return _json_or_404(chat_page(self._catalogue, asked.payload["continuation"]))
        data = chat_start(self._catalogue, asked.request.query.get("continuation", ""))
        return web.Response(status=404) if data is None else _body(chat_html(data), HTML)

    def _resolve(self, asked: Question) -> web.Response:
        return _json_or_404(self._listing.resolve(str(asked.payload.get("url", ""))))

    def _caption(self, asked: Question) -> web.Response:
        query = asked.request.query
        video = self._catalogue.videos.get(asked.entry.video_id)
        language = query.get("lang", "")
        if video is None or language not in caption_codes(video):
            return web.Response(status=404)
        if query.get("fmt", "") in video.absent_caption_forms:
            return web.Response(status=404)
        body, media_type = captions(
            query.get("tlang") or language,
            query.get("fmt", ""),
            rolls=query.get("kind") == "asr",
        )
        if language in video.caption:
            body = base64.b64decode(video.caption[language])
        return _body(body, f"{media_type}; charset=UTF-8")

    def _feed(self, asked: Question) -> web.Response:
        query = asked.request.query
        xml = feed(self._catalogue, query.get("channel_id", ""), query.get("playlist_id", ""))
        return web.Response(status=404) if xml is None else _body(xml, "text/xml; charset=UTF-8")

    def _channel_picture(self, asked: Question) -> web.Response:
        """Return a picture that differs for each name: the name is a comment in the JPEG."""
        name = asked.request.path.encode()
        comment = b"\xff\xfe" + (len(name) + 2).to_bytes(2, "big") + name
        start, rest = self._media.thumbnail[:2], self._media.thumbnail[2:]
        return _body(start + comment + rest, "image/jpeg")

    def _thumbnail(self, asked: Question) -> web.Response:
        video = self._catalogue.videos.get(asked.entry.video_id)
        path = asked.request.path
        missing = video is None or not path.endswith(".jpg")
        if missing or ("maxres" in path and video and not video.max_thumbnail):
            return web.Response(status=404)
        given = video.thumb if video else None
        picture = self._media.thumbnail if given is None else base64.b64decode(given)
        return _body(picture, "image/jpeg")

    def _segments(self, asked: Question) -> web.Response:
        """Answer as SponsorBlock: the segments of all videos whose hash begins as asked."""
        prefix = asked.request.path.rpartition("/")[2]
        found = [
            {"videoID": video.id, "segments": [dict(each) for each in video.segments]}
            for video in self._catalogue.videos.values()
            if video.segments and hashlib.sha256(video.id.encode()).hexdigest().startswith(prefix)
        ]
        return _body(json.dumps(found).encode(), JSON, status=200 if found else 404)

    def _script(self, asked: Question) -> web.Response:
        script = IFRAME_API if asked.request.path == "/iframe_api" else BASE_JS
        return _body(script.encode(), SCRIPT)

    def _manifest(self, asked: Question) -> web.Response:
        *_, name = parts = asked.request.path.split("/")
        playlist = {"master.m3u8": _MASTER, "index.m3u8": _ON_AIR}.get(name)
        video = self._catalogue.videos.get(parts[5]) if playlist is None else None
        if video is not None:
            return _body(self._filled(manifest(video, name).encode()), "text/plain")
        if playlist is None:
            return web.Response(status=404)
        return _body(playlist.encode(), "application/vnd.apple.mpegurl")

    def _data_api(self, asked: Question) -> web.Response:
        query = asked.request.query
        values = {name: query.getall(name) for name in query}
        resource = asked.entry.kind.removeprefix("api:")
        status, made = self._api.answer(resource, values, asked.entry)
        etag = made.get("etag", "")
        headers = {"ETag": f'"{etag}"'} if etag else {}
        if etag and asked.request.headers.get("If-None-Match", "").strip('"') == etag:
            return web.Response(status=304, headers=headers)
        return _body(json.dumps(made).encode(), JSON, status=status, headers=headers)


def _body(
    body: bytes, content_type: str, *, status: int = 200, headers: dict[str, str] | None = None
) -> web.Response:
    every = {"Content-Type": content_type, **(headers or {})}
    return web.Response(body=body, status=status, headers=every)


def _json_or_404(made: dict[str, Any] | None) -> web.Response:
    if made is None:
        error = {"code": 404, "message": "Requested entity was not found.", "status": "NOT_FOUND"}
        return _body(json.dumps({"error": error}).encode(), JSON, status=404)
    return _body(json.dumps(made, separators=(",", ":")).encode(), JSON)


def _refusal(fault: Fault | None) -> web.Response | None:
    if fault is None:
        return None
    if fault.api_error in GARBAGE:
        status, media_type, body = GARBAGE[fault.api_error]
        return _body(body, media_type, status=status)
    if fault.api_error:
        error = API_ERRORS[fault.api_error]
        return _body(json.dumps(error.body()).encode(), JSON, status=error.http)
    if not fault.status:
        return None
    headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
    if fault.location:
        headers["Location"] = fault.location
    if fault.encoding:
        headers["Content-Encoding"] = fault.encoding
    body = base64.b64decode(fault.body_base64) or fault.body.encode()
    return _body(body, HTML, status=fault.status, headers=headers)


async def _mutilated(asked: Question, response: web.Response, fault: Fault) -> web.StreamResponse:
    if not isinstance(response.body, bytes):
        return response
    if fault.fill_to is not None:
        times = fault.fill_to // max(len(response.body), 1) + 1
        response.body = (response.body * times)[: fault.fill_to]
    if fault.truncate_to is not None:
        response.body = response.body[: fault.truncate_to]
    elif fault.cut_after is not None or fault.bytes_per_second is not None:
        whole = web.StreamResponse(status=response.status, headers={"Content-Type": HTML})
        pace = Behaviour(media_bytes_per_second=fault.bytes_per_second)
        view = memoryview(response.body)
        cut = fault.cut_after
        return await send(asked.request, asked.entry, whole, view, cut=cut, behaviour=pace)
    return response
