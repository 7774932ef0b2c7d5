"""Playlists and channel tabs as the web page and `/youtubei/v1/browse` list them."""

import base64
import binascii
import json
from collections.abc import Sequence
from typing import Any

from .catalogue import Catalogue, Channel, Playlist, PlaylistState, Video
from .player import Player, thumbnails
from .states import HIDDEN, VideoState
from .watch import channel_endpoint, initial_data_script, page, text

PLAYLIST_PAGE = 100
CHANNEL_PAGE = 30
SHOW_UNAVAILABLE = "wgYCCAA="
"""The browse parameter that asks for a playlist with its unavailable videos."""

TABS = {"videos": "UU", "shorts": "UUSH", "streams": "UULV"}
"""The list that each tab of a channel shows."""

Json = dict[str, Any]


def encode_token(**fields: Any) -> str:
    """Return a continuation token, which holds all that the next page needs."""
    return base64.urlsafe_b64encode(json.dumps(fields).encode()).decode()


def decode_token(token: str) -> Json | None:
    """Return a token's fields, or None for one that is not ours."""
    try:
        fields = json.loads(base64.urlsafe_b64decode(token))
    except (binascii.Error, ValueError):
        return None
    return fields if isinstance(fields, dict) else None


def alert(kind: str, words: str) -> Json:
    """Build first data that hold an alert, such as for a playlist that does not exist."""
    return {"alerts": [{"alertRenderer": {"type": kind, "text": text(words)}}]}


class Listing:
    """Answers for playlists, channels and their continuations."""

    def __init__(self, catalogue: Catalogue, player: Player) -> None:
        self._catalogue = catalogue
        self._player = player

    def playlist_html(self, list_id: str) -> bytes:
        """Return `/playlist?list=`, without unavailable videos, as the real page."""
        data = self.playlist_data(list_id, unavailable=False)
        return page("Playlist", initial_data_script(data))

    def channel_html(self, name: str, tab: str) -> bytes | None:
        """Return a channel's tab, or None where the real one answers 404."""
        channel = self._catalogue.find_channel(name)
        if channel is None and not name.startswith("UC"):
            return None
        return page("Channel", initial_data_script(self.channel_data(channel, tab)))

    def browse(self, query: Json) -> Json | None:
        """Answer `/youtubei/v1/browse`; None is HTTP 404."""
        if token := query.get("continuation"):
            return self._continue(decode_token(str(token)) or {})
        browse_id = str(query.get("browseId", ""))
        if browse_id.startswith("VL"):
            shown = query.get("params") == SHOW_UNAVAILABLE
            return self.playlist_data(browse_id[2:], unavailable=shown)
        channel = self._catalogue.find_channel(browse_id)
        return self.channel_data(channel, "videos") if channel else None

    def resolve(self, url: str) -> Json | None:
        """Answer `/youtubei/v1/navigation/resolve_url`; None is HTTP 404."""
        path, _, query = url.partition("://")[2].partition("/")[2].partition("?")
        if path == "playlist":
            list_id = query.partition("list=")[2].partition("&")[0]
            return {"endpoint": {"browseEndpoint": {"browseId": f"VL{list_id}"}}}
        channel = self._catalogue.find_channel(path.removeprefix("channel/").partition("/")[0])
        return {"endpoint": {"browseEndpoint": {"browseId": channel.id}}} if channel else None

    def playlist_data(self, list_id: str, *, unavailable: bool) -> Json:
        """Build a playlist's first data, with or without its unavailable videos."""
        playlist = self._catalogue.find_playlist(list_id)
        if playlist is None or playlist.state is PlaylistState.NOT_FOUND:
            return alert("ERROR", "The playlist does not exist.")
        if playlist.state is PlaylistState.PRIVATE:
            return alert("ERROR", "This playlist is private.")
        contents = self._playlist_page(playlist, 0, unavailable=unavailable)
        data = _playlist_frame(playlist, contents)
        if not unavailable and len(self._shown(playlist)) < len(playlist.entries):
            data |= alert("INFO", "Unavailable videos are hidden")
        return data

    def _shown(self, playlist: Playlist) -> list[str]:
        videos = self._catalogue.videos
        return [
            video_id
            for video_id in playlist.video_ids
            if video_id in videos and videos[video_id].state not in HIDDEN
        ]

    def _playlist_page(self, playlist: Playlist, start: int, *, unavailable: bool) -> list[Json]:
        listed = playlist.video_ids if unavailable else self._shown(playlist)
        positions = enumerate(listed[start : start + PLAYLIST_PAGE], start + 1)
        items = [self._playlist_item(video_id, position) for position, video_id in positions]
        if start + PLAYLIST_PAGE < len(listed):
            following = {"list": playlist.id, "start": start + PLAYLIST_PAGE, "all": unavailable}
            items.append(_continuation(encode_token(**following)))
        return items

    def _playlist_item(self, video_id: str, position: int) -> Json:
        video = self._catalogue.videos.get(video_id)
        title = video.listed_title if video else "[Deleted video]"
        renderer: Json = {
            "videoId": video_id,
            "title": {"runs": [{"text": title}]},
            "index": text(str(position)),
            "isPlayable": video is not None and video.state not in HIDDEN,
        }
        if video and video.state not in HIDDEN:
            renderer |= self._living_details(video)
        return {"playlistVideoRenderer": renderer}

    def _living_details(self, video: Video) -> Json:
        channel = video.channel
        endpoint = {"browseEndpoint": channel_endpoint(channel.id, channel.handle)}
        details: Json = {
            "thumbnail": {"thumbnails": thumbnails(video)},
            "shortBylineText": {"runs": [{"text": channel.title, "navigationEndpoint": endpoint}]},
            "videoInfo": {"runs": [{"text": f"{video.views:,} views"}, {"text": " • "}]},
        }
        if video.state in {VideoState.UPCOMING, VideoState.UPCOMING_LIVE} and video.starts_at:
            start = str(int(video.starts_at.timestamp()))
            return details | {"upcomingEventData": {"startTime": start}}
        if video.state is VideoState.LIVE:
            overlay = {"thumbnailOverlayTimeStatusRenderer": {"style": "LIVE"}}
            return details | {"thumbnailOverlays": [overlay]}
        if video.state is VideoState.MEMBERS_ONLY:
            badge = {"style": "BADGE_STYLE_TYPE_MEMBERS_ONLY", "label": "Members only"}
            details["badges"] = [{"metadataBadgeRenderer": badge}]
        return details | {"lengthSeconds": str(self._player.duration(video))}

    def channel_data(self, channel: Channel | None, tab: str) -> Json:
        """Build a channel tab's first data; `videos` shows all uploads."""
        if channel is None:
            return alert("ERROR", "This channel does not exist.")
        contents: list[Json] = []
        if tab in ("", *TABS):
            contents = self._uploads_page(channel, tab or "videos", 0)
        elif tab == "playlists":
            contents = [_rich(_playlist_lockup(p)) for p in self._playlists_of(channel)]
        names = {"featured": "Home", "videos": "Videos"}
        names |= {
            name: name.title() for name in ("shorts", "streams") if self._listed(channel, name)
        }
        return _channel_frame(
            channel, names | {"playlists": "Playlists"}, tab or "videos", contents
        )

    def _listed(self, channel: Channel, tab: str) -> list[str]:
        found = self._catalogue.find_playlist(TABS[tab] + channel.id[2:])
        return found.video_ids if found else []

    def _playlists_of(self, channel: Channel) -> Sequence[Playlist]:
        every = self._catalogue.playlists.values()
        return [p for p in every if p.channel.id == channel.id and p.state is PlaylistState.OK]

    def _uploads_page(self, channel: Channel, tab: str, start: int) -> list[Json]:
        uploads = [self._catalogue.videos[video_id] for video_id in self._listed(channel, tab)]
        items = [
            _rich(self._video_lockup(video)) for video in uploads[start : start + CHANNEL_PAGE]
        ]
        if start + CHANNEL_PAGE < len(uploads):
            following = {"channel": channel.id, "tab": tab, "start": start + CHANNEL_PAGE}
            items.append(_continuation(encode_token(**following)))
        return items

    def _video_lockup(self, video: Video) -> Json:
        duration = self._player.duration(video)
        badge = {"text": f"{duration // 60}:{duration % 60:02}"}
        if video.state is VideoState.LIVE:
            badge = {"text": "LIVE", "badgeStyle": "THUMBNAIL_OVERLAY_BADGE_STYLE_LIVE"}
        overlay = {
            "thumbnailBottomOverlayViewModel": {"badges": [{"thumbnailBadgeViewModel": badge}]}
        }
        parts = [
            {"text": {"content": f"{video.views:,} views"}},
            {"text": {"content": "1 day ago"}},
        ]
        rows = [{"metadataParts": [parts[0], parts[1] | {"accessibilityLabel": "1 day ago"}]}]
        image = {"image": {"sources": thumbnails(video)}, "overlays": [overlay]}
        return _lockup(video.id, "VIDEO", video.title, rows) | {
            "contentImage": {"thumbnailViewModel": image}
        }

    def _continue(self, token: Json) -> Json | None:
        start = int(token.get("start", 0))
        if playlist := self._catalogue.find_playlist(str(token.get("list", ""))):
            items = self._playlist_page(playlist, start, unavailable=bool(token.get("all")))
        elif channel := self._catalogue.find_channel(str(token.get("channel", ""))):
            items = self._uploads_page(channel, str(token.get("tab", "videos")), start)
        else:
            return None
        action = {"appendContinuationItemsAction": {"continuationItems": items}}
        return {"onResponseReceivedActions": [action]}


def _continuation(token: str) -> Json:
    endpoint = {
        "continuationCommand": {"token": token, "request": "CONTINUATION_REQUEST_TYPE_BROWSE"}
    }
    return {"continuationItemRenderer": {"continuationEndpoint": endpoint}}


def _rich(lockup: Json) -> Json:
    return {"richItemRenderer": {"content": {"lockupViewModel": lockup}}}


def _lockup(content_id: str, kind: str, title: str, rows: list[Any]) -> Json:
    details = {"contentMetadataViewModel": {"metadataRows": rows}}
    metadata = {"title": {"content": title}, "metadata": details}
    return {
        "contentId": content_id,
        "contentType": f"LOCKUP_CONTENT_TYPE_{kind}",
        "metadata": {"lockupMetadataViewModel": metadata},
    }


def _playlist_lockup(playlist: Playlist) -> Json:
    return _lockup(playlist.id, "PLAYLIST", playlist.title, [])


def _tab(name: str, url: str, content: Json | None) -> Json:
    endpoint = {"commandMetadata": {"webCommandMetadata": {"url": url}}}
    renderer: Json = {"title": name, "endpoint": endpoint, "selected": content is not None}
    return {"tabRenderer": renderer | ({"content": content} if content else {})}


def _playlist_frame(playlist: Playlist, contents: list[Json]) -> Json:
    videos = {"playlistVideoListRenderer": {"playlistId": playlist.id, "contents": contents}}
    section = {"itemSectionRenderer": {"contents": [videos]}}
    content = {"sectionListRenderer": {"contents": [section]}}
    tab = {"tabRenderer": {"selected": True, "content": content}}
    number = f"{len(playlist.entries):,} videos"
    channel = playlist.channel
    endpoint = {"browseEndpoint": channel_endpoint(channel.id, channel.handle)}
    header = {
        "playlistId": playlist.id,
        "numVideosText": text(number),
        "ownerText": {"runs": [{"text": channel.title, "navigationEndpoint": endpoint}]},
        "viewCountText": text("1,000 views"),
        "privacy": "PUBLIC",
        "byline": [{"playlistBylineRenderer": {"text": text(number)}}],
    }
    about = {"title": playlist.title, "description": playlist.description}
    return {
        "contents": {"twoColumnBrowseResultsRenderer": {"tabs": [tab]}},
        "header": {"playlistHeaderRenderer": header},
        "metadata": {"playlistMetadataRenderer": about},
        "microformat": {"microformatDataRenderer": {"unlisted": False, "noindex": False}},
    }


def _channel_header(channel: Channel) -> Json:
    header: Json = {"title": channel.title}
    if channel.banner_url:
        address = f"{channel.banner_url}=w1060-fcrop64=1,00005a57ffffa5a8-k-c0xffffffff-no-nd-rj"
        header["banner"] = {"thumbnails": [{"url": address, "width": 1060, "height": 175}]}
    return header


def _channel_frame(
    channel: Channel, names: dict[str, str], selected: str, contents: list[Json]
) -> Json:
    base = f"/{channel.handle}"
    shown = {selected: {"richGridRenderer": {"contents": contents}}}
    tabs = [_tab(name, f"{base}/{tab}", shown.get(tab)) for tab, name in names.items()]
    about: Json = {
        "title": channel.title,
        "description": channel.description,
        "externalId": channel.id,
        "vanityChannelUrl": f"http://www.youtube.com{base}",
        "ownerUrls": [f"http://www.youtube.com{base}"],
        "channelUrl": f"https://www.youtube.com/channel/{channel.id}",
    }
    if channel.avatar_url:
        about["avatar"] = {"thumbnails": [{"url": f"{channel.avatar_url}=s900", "width": 900}]}
    return {
        "contents": {"twoColumnBrowseResultsRenderer": {"tabs": tabs}},
        "header": {"c4TabbedHeaderRenderer": _channel_header(channel)},
        "metadata": {"channelMetadataRenderer": about},
        "microformat": {"microformatDataRenderer": {"unlisted": False, "noindex": False}},
    }
