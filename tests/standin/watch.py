"""The HTML pages: watch pages and the others that carry settings and first data."""

import json
from html import escape
from typing import Any

from .catalogue import Catalogue, Playlist, Video
from .player import Player
from .states import VideoState
from .talk import conversation

VISITOR = "CgtzdGFuZGluMTIzNA%3D%3D"
PLAYER_ID = "0004de42"
PLAYER_JS = f"/s/player/{PLAYER_ID}/player_ias.vflset/en_US/base.js"
SIGNATURE_TIMESTAMP = 20_700
BASE_JS = f"var config={{signatureTimestamp:{SIGNATURE_TIMESTAMP}}};"
IFRAME_API = f"var scriptUrl = 'https:\\/\\/www.youtube.com\\/s\\/player\\/{PLAYER_ID}\\/www';"


def script_json(data: Any) -> str:
    """Return JSON that may stand in a script element, whatever texts it holds."""
    return json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")


def ytcfg(client: str = "WEB", number: int = 1) -> str:
    """Return the call that sets a page's InnerTube settings."""
    context = {"clientName": client, "clientVersion": "2.20261101.00.00", "hl": "en", "gl": "US"}
    config = {
        "INNERTUBE_API_KEY": "standin-innertube-key",
        "INNERTUBE_CLIENT_NAME": client,
        "INNERTUBE_CLIENT_VERSION": context["clientVersion"],
        "INNERTUBE_CONTEXT": {"client": context | {"visitorData": VISITOR}},
        "INNERTUBE_CONTEXT_CLIENT_NAME": number,
        "LOGGED_IN": False,
        "PLAYER_JS_URL": PLAYER_JS,
        "STS": SIGNATURE_TIMESTAMP,
        "VISITOR_DATA": VISITOR,
    }
    return f"ytcfg.set({script_json(config)});"


def page(title: str, script: str, *, settings: str = "") -> bytes:
    """Return a page with settings and further script."""
    text = (
        f'<!DOCTYPE html><html lang="en"><head><title>{escape(title)} - YouTube</title>'
        f"<script>{settings or ytcfg()}</script></head>"
        f"<body><script>{script}</script></body></html>"
    )
    return text.encode(errors="replace")


def initial_data_script(data: dict[str, Any]) -> str:
    """Return the script that holds a page's first data."""
    return f"var ytInitialData = {script_json(data)};"


def chat_html(data: dict[str, Any]) -> bytes:
    """Return the page of a chat's replay."""
    return page("", initial_data_script(data))


def embed_page() -> bytes:
    """Return the embedded player's page, which is read for its settings only."""
    return page("", "", settings=ytcfg("WEB_EMBEDDED_PLAYER", 56))


class WatchPages:
    """Builds `/watch` pages; those of unchanged videos are kept."""

    def __init__(self, catalogue: Catalogue, player: Player) -> None:
        self._catalogue = catalogue
        self._player = player
        self._tails: dict[str, tuple[Video, bytes]] = {}

    def html(self, video_id: str, list_id: str, forced: VideoState | None = None) -> bytes:
        """Return the page of a video, seen as part of a playlist if `list_id` is one."""
        player = self._player.body(video_id, "WEB", forced).replace(b"<", b"\\u003c")
        head = f"<!DOCTYPE html><html><head><script>{ytcfg()}</script></head><body><script>"
        tail = self._tail(video_id, self._catalogue.find_playlist(list_id))
        return head.encode() + b"var ytInitialPlayerResponse = " + player + b";" + tail

    def _tail(self, video_id: str, playlist: Playlist | None) -> bytes:
        video = self._catalogue.videos.get(video_id)
        cached = self._tails.get(video_id)
        if cached and cached[0] is video and playlist is None:
            return cached[1]
        data = watch_data(video, playlist)
        if video and video.made_for_kids:
            data["madeForKids"] = "This video is made for kids"
        tail = f"</script><script>{initial_data_script(data)}</script></body></html>".encode()
        if video and playlist is None:
            self._tails[video_id] = (video, tail)
        return tail


def watch_data(video: Video | None, playlist: Playlist | None = None) -> dict[str, Any]:
    """Build a watch page's first data, which `/youtubei/v1/next` answers too."""
    shown = [] if video is None else [_primary(video), _secondary(video)]
    results: dict[str, Any] = {"results": {"results": {"contents": shown}}}
    if playlist is not None:
        results["playlist"] = {"playlist": _side_playlist(playlist)}
    data: dict[str, Any] = {"contents": {"twoColumnWatchNextResults": results}}
    if video is not None and video.chat:
        results["conversationBar"] = conversation(video)
    if video is not None:
        data["currentVideoEndpoint"] = {"watchEndpoint": {"videoId": video.id}}
    return data


def _primary(video: Video) -> dict[str, Any]:
    likes = f"like this video along with {video.likes:,} other people"
    button: dict[str, Any] = {"buttonViewModel": {"accessibilityText": likes}}
    toggle = {"toggleButtonViewModel": {"defaultButtonViewModel": button}}
    like = {"likeButtonViewModel": {"toggleButtonViewModel": toggle}}
    segment = {"segmentedLikeDislikeButtonViewModel": {"likeButtonViewModel": like}}
    renderer = {
        "title": {"runs": [{"text": video.title}]},
        "viewCount": {"videoViewCountRenderer": {"viewCount": text(f"{video.views:,} views")}},
        "videoActions": {"menuRenderer": {"topLevelButtons": [segment]}},
        "dateText": text(f"{video.uploaded:%b} {video.uploaded.day}, {video.uploaded.year}"),
    }
    return {"videoPrimaryInfoRenderer": renderer}


def _secondary(video: Video) -> dict[str, Any]:
    channel = video.channel
    endpoint = {"browseEndpoint": channel_endpoint(channel.id, channel.handle)}
    owner = {
        "title": {"runs": [{"text": channel.title, "navigationEndpoint": endpoint}]},
        "subscriberCountText": text(f"{channel.subscribers:,} subscribers"),
        "navigationEndpoint": endpoint,
    }
    return {"videoSecondaryInfoRenderer": {"owner": {"videoOwnerRenderer": owner}}}


def _side_playlist(playlist: Playlist) -> dict[str, Any]:
    command = {"webCommandMetadata": {"url": f"/playlist?list={playlist.id}"}}
    return {
        "title": playlist.title,
        "playlistId": playlist.id,
        "contents": [],
        "endpoint": {"commandMetadata": command},
    }


def channel_endpoint(channel_id: str, handle: str) -> dict[str, str]:
    """Return where a link to a channel leads."""
    return {"browseId": channel_id, "canonicalBaseUrl": f"/{handle}"}


def text(words: str) -> dict[str, str]:
    """Wrap words as YouTube does."""
    return {"simpleText": words}
