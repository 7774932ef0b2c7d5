"""Which kind of request is which, by host and path."""

import json
import re
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from .log import Entry

_BY_PATH = {
    "/watch": "watch",
    "/playlist": "playlist",
    "/youtubei/v1/player": "player",
    "/youtubei/v1/browse": "browse",
    "/youtubei/v1/next": "next",
    "/live_chat_replay": "chat",
    "/youtubei/v1/live_chat/get_live_chat_replay": "chat",
    "/youtubei/v1/navigation/resolve_url": "resolve",
    "/api/timedtext": "caption",
    "/feeds/videos.xml": "feed",
    "/iframe_api": "script",
    "/generate_204": "ping",
    "/sponsorblock": "sponsorblock",
}
_BY_PREFIX = {
    "/embed/": "embed",
    "/s/player/": "script",
    "/@": "channel",
    "/channel/": "channel",
    "/c/": "channel",
    "/user/": "channel",
}
_API_PREFIX = "/youtube/v3/"
_THUMBNAIL = re.compile(r"/vi(?:_webp)?/([\w-]{11})/")


@dataclass(slots=True)
class Question:
    """A request with what was read of it: its log entry and JSON, if it brought any."""

    request: web.BaseRequest
    entry: Entry
    payload: dict[str, Any]


def kind_of(host: str, path: str) -> str:
    """Name the kind of a request, such as `player` or `api:videos`."""
    if host.endswith(".googlevideo.com"):
        return "media" if path == "/videoplayback" else "manifest"
    if host.endswith(".ytimg.com"):
        return "thumbnail"
    if host.endswith(".ggpht.com"):
        return "avatar"
    if host.endswith(".googleusercontent.com"):
        return "banner"
    if host.endswith(".googleapis.com"):
        return f"api:{path.removeprefix(_API_PREFIX)}"
    if host == "sponsor.ajay.app":
        path = "/sponsorblock"
    prefixed = (kind for prefix, kind in _BY_PREFIX.items() if path.startswith(prefix))
    return _BY_PATH.get(path) or next(prefixed, "other")


async def read_question(request: web.BaseRequest) -> Question:
    """Read a request's body and describe it for the log."""
    host = request.host.partition(":")[0]
    kind = kind_of(host, request.path)
    payload: Any = {}
    if request.method == "POST" and request.can_read_body:
        payload = json.loads(await request.read() or b"{}")
    if kind == "next" and "continuation" in payload:
        kind = "comments"
    headers = request.headers
    key = headers.get("X-Goog-Api-Key", "") if kind.startswith("api:") else ""
    in_query = request.query.get("key", "") if kind.startswith("api:") else ""
    client = payload.get("context", {}).get("client", {}) if isinstance(payload, dict) else {}
    entry = Entry(
        kind=kind,
        host=host,
        path=request.path_qs,
        method=request.method,
        video_id=_video_id(kind, request, payload),
        range=headers.get("Range", ""),
        client=str(client.get("clientName", "")),
        key_in="both" if key and in_query else "header" if key else "query" if in_query else "",
        api_key=key or in_query,
        user_agent=headers.get("User-Agent", ""),
        cookie=headers.get("Cookie", ""),
    )
    return Question(request, entry, payload)


def _video_id(kind: str, request: web.BaseRequest, payload: dict[str, Any]) -> str:
    if kind == "player":
        return str(payload.get("videoId", ""))
    if kind in ("watch", "caption"):
        return request.query.get("v", "")
    if kind == "media":
        return request.query.get("id", "")
    if kind == "thumbnail":
        match = _THUMBNAIL.match(request.path)
        return match[1] if match else ""
    return ""
