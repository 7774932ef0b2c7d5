"""The Data API v3: `videos`, `playlists`, `playlistItems` and `channels`."""

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from . import ids
from .api_errors import API_ERRORS, ApiError
from .api_resources import (
    VIDEO_PARTS,
    channel_parts,
    item_id,
    item_parts,
    playlist_parts,
)
from .behaviour import Behaviour
from .catalogue import Catalogue, Channel, Playlist, PlaylistState, Video
from .log import Entry, RequestLog
from .player import Player

Json = dict[str, Any]
_Item = TypeVar("_Item")
Query = Mapping[str, Sequence[str]]
"""A query string's values by name, repeats kept."""

MAX_IDS = 50
DEFAULT_RESULTS = 5


class ApiFailure(Exception):
    """Answers a request with one of the API's errors."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.error: ApiError = API_ERRORS[name]


class DataApi:
    """Answers requests, counts their units and refuses what is beyond the quota."""

    def __init__(
        self, catalogue: Catalogue, behaviour: Behaviour, log: RequestLog, player: Player
    ) -> None:
        self._catalogue = catalogue
        self._behaviour = behaviour
        self._log = log
        self._player = player
        self._methods: dict[str, Callable[[Query, list[str]], Json]] = {
            "videos": self._videos,
            "playlists": self._playlists,
            "playlistItems": self._playlist_items,
            "channels": self._channels,
        }

    def answer(self, resource: str, query: Query, entry: Entry) -> tuple[int, Json]:
        """Return HTTP status and JSON; every request costs a unit, also a wrong one."""
        self._log.quota_used += 1
        try:
            self._check_key(entry)
            self._check_quota()
            made = self._methods.get(resource, _unknown_method)(query, _parts(query))
        except ApiFailure as failure:
            return failure.error.http, failure.error.body()
        return 200, self._finished(made, resource)

    def _check_quota(self) -> None:
        if self._log.quota_used > self._behaviour.api_quota:
            raise ApiFailure("quotaExceeded")

    def _check_key(self, entry: Entry) -> None:
        if not entry.key_in:
            raise ApiFailure("keyMissing")
        accepted = self._behaviour.api_keys
        if accepted is not None and entry.api_key not in accepted:
            raise ApiFailure("keyInvalid")

    def _finished(self, body: Json, resource: str) -> Json:
        kind = f"youtube#{resource.removesuffix('s')}ListResponse"
        mark = ids.etag(json.dumps(body).encode())
        return {"kind": kind, "etag": mark, **body}

    def _videos(self, query: Query, parts: list[str]) -> Json:
        _refuse_unknown(parts, VIDEO_PARTS)
        found = [self._catalogue.videos.get(each) for each in _ids(query)]
        hl = _one(query, "hl")
        items = [self._video(v, parts, hl) for v in found if v is not None and v.is_in_data_api]
        return {"items": items, "pageInfo": _page_info(len(items), len(items))}

    def _video(self, video: Video, parts: list[str], hl: str) -> Json:
        seconds = self._player.duration(video)
        made = {part: VIDEO_PARTS[part](video, seconds) for part in parts if part in VIDEO_PARTS}
        if hl == "en" and video.translation and "snippet" in made:
            made["snippet"] = (made["snippet"] or {}) | {"localized": video.translation}
        given = video.api or {}
        shown = {k: v | given.get(k, {}) for k, v in made.items() if v is not None}
        return _resource("video", video.id, shown)

    def _playlists(self, query: Query, parts: list[str]) -> Json:
        if channel_id := _one(query, "channelId"):
            every = self._catalogue.playlists.values()
            found = [p for p in every if p.channel.id == channel_id and p.state is PlaylistState.OK]
            page, frame = _paged(found, query)
        else:
            listed = [self._catalogue.find_playlist(each) for each in _ids(query)]
            page = [p for p in listed if p is not None and p.state is PlaylistState.OK]
            frame = {"pageInfo": _page_info(len(page), DEFAULT_RESULTS)}
        return frame | {"items": [_playlist(each, parts) for each in page]}

    def _playlist_items(self, query: Query, parts: list[str]) -> Json:
        playlist = self._readable_playlist(_one(query, "playlistId"))
        places = list(enumerate(playlist.entries))
        if wanted := _one(query, "videoId"):
            places = [place for place in places if place[1].video_id == wanted]
            if not places:
                raise ApiFailure("videoNotFound")
        page, frame = _paged(places, query)
        videos = self._catalogue.videos
        items = []
        for position, entry in page:
            made = item_parts(playlist, position, entry, videos.get(entry.video_id))
            _refuse_unknown(parts, made)
            chosen = {part: made[part] for part in parts if part in made}
            items.append(_resource("playlistItem", item_id(playlist, position), chosen))
        return frame | {"items": items}

    def _readable_playlist(self, list_id: str) -> Playlist:
        if not list_id:
            raise ApiFailure("missingRequiredParameter")
        special = {"WL": "watchLaterNotAccessible", "HL": "watchHistoryNotAccessible"}
        if list_id in special:
            raise ApiFailure(special[list_id])
        playlist = self._catalogue.find_playlist(list_id)
        empty_uploads = list_id.startswith("UU") and playlist and not playlist.entries
        if playlist is None or empty_uploads or playlist.state is PlaylistState.NOT_FOUND:
            raise ApiFailure("playlistNotFound")
        if playlist.state is PlaylistState.PRIVATE:
            raise ApiFailure("playlistItemsNotAccessible")
        return playlist

    def _channels(self, query: Query, parts: list[str]) -> Json:
        name = _one(query, "forHandle") or _one(query, "forUsername")
        names = [name] if name else _ids(query)
        listed = [self._catalogue.find_channel(each) for each in names]
        found = [channel for channel in listed if channel is not None]
        body: Json = {"pageInfo": _page_info(len(found), DEFAULT_RESULTS)}
        # The real one leaves `items` out when it finds no channel.
        return body | ({"items": [self._channel(c, parts) for c in found]} if found else {})

    def _channel(self, channel: Channel, parts: list[str]) -> Json:
        made = channel_parts(channel, len(self._catalogue.uploads(channel)))
        _refuse_unknown(parts, made)
        return _resource("channel", channel.id, {p: made[p] for p in parts if p in made})


def _unknown_method(_query: Query, _parts: list[str]) -> Json:
    raise ApiFailure("methodNotFound")


def _playlist(playlist: Playlist, parts: list[str]) -> Json:
    made = playlist_parts(playlist, private=playlist.state is PlaylistState.PRIVATE)
    _refuse_unknown(parts, made)
    return _resource("playlist", playlist.id, {p: made[p] for p in parts if p in made})


def _resource(kind: str, resource_id: str, parts: Json) -> Json:
    mark = ids.etag(json.dumps([resource_id, parts]).encode())
    return {"kind": f"youtube#{kind}", "etag": mark, "id": resource_id, **parts}


def _one(query: Query, name: str) -> str:
    return next(iter(query.get(name, ())), "")


def _many(query: Query, name: str) -> list[str]:
    return [each for value in query.get(name, ()) for each in value.split(",") if each]


def _parts(query: Query) -> list[str]:
    parts = _many(query, "part")
    if not parts:
        raise ApiFailure("missingPart")
    return parts


def _refuse_unknown(parts: list[str], known: Mapping[str, Any]) -> None:
    if any(part not in known and part != "id" for part in parts):
        raise ApiFailure("unknownPart")


def _ids(query: Query) -> list[str]:
    wanted = list(dict.fromkeys(_many(query, "id")))
    if not wanted:
        raise ApiFailure("missingRequiredParameter")
    if len(wanted) > MAX_IDS:
        raise ApiFailure("invalidFilters")
    return wanted


def _page_info(total: int, per_page: int) -> Json:
    return {"totalResults": total, "resultsPerPage": per_page}


def _token(start: int) -> str:
    return base64.urlsafe_b64encode(f"PT:{start}".encode()).decode()


def _start(token: str) -> int:
    if not token:
        return 0
    try:
        return int(base64.urlsafe_b64decode(token).decode().removeprefix("PT:"))
    except (binascii.Error, ValueError):
        raise ApiFailure("invalidPageToken") from None


def _page_size(given: str) -> int:
    if not given:
        return DEFAULT_RESULTS
    if not given.isdecimal() or int(given) > MAX_IDS:
        raise ApiFailure("invalidMaxResults")
    return int(given)


def _paged(everything: Sequence[_Item], query: Query) -> tuple[Sequence[_Item], Json]:
    size = _page_size(_one(query, "maxResults"))
    start = _start(_one(query, "pageToken"))
    frame: Json = {"pageInfo": _page_info(len(everything), size)}
    if start + size < len(everything):
        frame["nextPageToken"] = _token(start + size)
    if start:
        frame["prevPageToken"] = _token(max(0, start - size))
    return everything[start : start + size], frame
