"""The Data API's resources, one function for each part."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from . import ids
from .catalogue import Channel, Playlist, PlaylistEntry, Video
from .player import start_time
from .states import HIDDEN, LIVE_STATES, VideoState

Json = dict[str, Any]

_SIZES = {
    "default": (120, 90, "default"),
    "medium": (320, 180, "mqdefault"),
    "high": (480, 360, "hqdefault"),
    "standard": (640, 480, "sddefault"),
    "maxres": (1280, 720, "maxresdefault"),
}
_BROADCAST = {
    VideoState.UPCOMING: "upcoming",
    VideoState.UPCOMING_LIVE: "upcoming",
    VideoState.LIVE: "live",
}


def stamp(moment: datetime) -> str:
    """Write a time as the API does."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def iso_duration(seconds: int) -> str:
    """Write a length as the API does, such as `PT4M13S` or `P1DT2H`."""
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3600)
    minutes, left = divmod(rest, 60)
    clock = "".join(f"{n}{u}" for n, u in ((hours, "H"), (minutes, "M"), (left, "S")) if n)
    date = f"{days}D" if days else ""
    return f"P{date}T{clock}" if clock else f"P{date or '0D'}"


def pictures(video: Video) -> Json:
    """Return thumbnails by size; sizes are integers, unlike all other numbers."""
    sizes = {key: size for key, size in _SIZES.items() if key != "maxres" or video.max_thumbnail}
    return {
        key: {"url": f"https://i.ytimg.com/vi/{video.id}/{name}.jpg", "width": w, "height": h}
        for key, (w, h, name) in sizes.items()
    }


def _video_snippet(video: Video, _: int) -> Json:
    return {
        "publishedAt": stamp(video.uploaded),
        "channelId": video.channel.id,
        "title": video.title,
        "description": video.description,
        "thumbnails": pictures(video),
        "channelTitle": video.channel.title,
        "tags": list(video.tags),
        "categoryId": "28",
        "liveBroadcastContent": _BROADCAST.get(video.state, "none"),
        "defaultLanguage": "en",
        "localized": {"title": video.title, "description": video.description},
        "defaultAudioLanguage": "en",
    }


def _video_details(video: Video, seconds: int) -> Json:
    rating = {"ytRating": "ytAgeRestricted"} if video.state is VideoState.AGE_GATED else {}
    details: Json = {
        "duration": iso_duration(0 if video.state in LIVE_STATES else seconds),
        "dimension": "2d",
        "definition": "hd",
        "caption": "true" if video.captions else "false",
        "licensedContent": False,
        "contentRating": rating,
        "projection": "rectangular",
    }
    if video.state is VideoState.GEO_BLOCKED:
        details["regionRestriction"] = {"allowed": ["IS"]}
    if video.state is VideoState.COPYRIGHT_COUNTRY:
        details["regionRestriction"] = {"blocked": ["DE", "US"]}
    return details


def _video_status(video: Video, _: int) -> Json:
    return {
        "uploadStatus": "uploaded" if video.state is VideoState.PROCESSING else "processed",
        "privacyStatus": "unlisted" if video.unlisted else "public",
        "license": "youtube",
        "embeddable": True,
        "publicStatsViewable": True,
        "madeForKids": False,
        "containsSyntheticMedia": False,
    }


def _video_statistics(video: Video, _: int) -> Json:
    return {
        "viewCount": str(video.views),
        "likeCount": str(video.likes),
        "favoriteCount": "0",
        "commentCount": "7",
    }


def _live_details(video: Video, _: int) -> Json | None:
    if video.was_live:
        return {"actualStartTime": stamp(video.uploaded), "actualEndTime": stamp(video.uploaded)}
    if video.state not in LIVE_STATES:
        return None
    details = {"scheduledStartTime": stamp(start_time(video))}
    if video.state not in {VideoState.UPCOMING, VideoState.UPCOMING_LIVE}:
        details["actualStartTime"] = stamp(video.uploaded)
    if video.state in {VideoState.POST_LIVE, VideoState.PROCESSING, VideoState.NO_RECORDING}:
        details["actualEndTime"] = stamp(video.uploaded)
    return details


def _embedding(video: Video, _: int) -> Json:
    return {"embedHtml": f'<iframe src="//www.youtube.com/embed/{video.id}"></iframe>'}


def _topics(_video: Video, _: int) -> Json:
    return {"topicCategories": ["https://en.wikipedia.org/wiki/Technology"]}


def _localizations(video: Video, _: int) -> Json:
    return {"en": {"title": video.title, "description": video.description}}


def _recording(_video: Video, _: int) -> Json:
    return {}


VIDEO_PARTS: dict[str, Callable[[Video, int], Json | None]] = {
    "snippet": _video_snippet,
    "contentDetails": _video_details,
    "status": _video_status,
    "statistics": _video_statistics,
    "liveStreamingDetails": _live_details,
    "player": _embedding,
    "topicDetails": _topics,
    "localizations": _localizations,
    "recordingDetails": _recording,
}
"""Each part of a video by its name; they take the video and its length in seconds."""


def playlist_parts(playlist: Playlist, private: bool) -> Json:
    """Return every part of a playlist."""
    return {
        "snippet": {
            "publishedAt": stamp(playlist.published),
            "channelId": playlist.channel.id,
            "title": playlist.title,
            "description": playlist.description,
            "thumbnails": {},
            "channelTitle": playlist.channel.title,
            "localized": {"title": playlist.title, "description": playlist.description},
        },
        "status": {
            "privacyStatus": "private" if private else "public",
            "podcastStatus": "unspecified",
        },
        "contentDetails": {"itemCount": len(playlist.entries)},
        "player": {"embedHtml": f"<iframe src='//www.youtube.com/embed?list={playlist.id}'>"},
        "localizations": {},
    }


def item_parts(
    playlist: Playlist, position: int, entry: PlaylistEntry, video: Video | None
) -> Json:
    """Return every part of a playlist item; dead videos keep only their id and place."""
    dead = video is None or video.state in HIDDEN
    private = video is not None and video.state is VideoState.PRIVATE
    snippet: Json = {
        "publishedAt": stamp(entry.added),
        "channelId": playlist.channel.id,
        "title": "Private video" if private else "Deleted video",
        "description": "This video is private." if private else "This video is unavailable.",
        "thumbnails": {},
        "channelTitle": playlist.channel.title,
        "playlistId": playlist.id,
        "position": position,
        "resourceId": {"kind": "youtube#video", "videoId": entry.video_id},
    }
    details: Json = {"videoId": entry.video_id}
    status = "private" if private else "privacyStatusUnspecified"
    if video is not None and not dead:
        snippet |= {"title": video.title, "description": video.description}
        snippet |= {"thumbnails": pictures(video), "videoOwnerChannelTitle": video.channel.title}
        snippet["videoOwnerChannelId"] = video.channel.id
        details["videoPublishedAt"] = stamp(video.uploaded)
        status = "unlisted" if video.unlisted else "public"
    return {"snippet": snippet, "contentDetails": details, "status": {"privacyStatus": status}}


def channel_parts(channel: Channel, uploads: int) -> Json:
    """Return every part of a channel; `uploads` is how many videos it shows."""
    return {
        "snippet": {
            "title": channel.title,
            "description": channel.description,
            "customUrl": channel.handle.lower(),
            "publishedAt": "2020-01-01T00:00:00.123456Z",
            "thumbnails": (
                {"default": {"url": f"{channel.avatar_url}=s88-c-k"}} if channel.avatar_url else {}
            ),
            "localized": {"title": channel.title, "description": channel.description},
        },
        "contentDetails": {"relatedPlaylists": {"likes": "", "uploads": channel.uploads_id}},
        "statistics": {
            "viewCount": "123456",
            "subscriberCount": str(channel.subscribers),
            "hiddenSubscriberCount": False,
            "videoCount": str(uploads),
        },
        "status": {"privacyStatus": "public", "isLinked": True, "longUploadsStatus": "eligible"},
        "brandingSettings": {
            "channel": {"title": channel.title},
            "image": {"bannerExternalUrl": channel.banner_url} if channel.banner_url else {},
        },
        "topicDetails": {"topicIds": []},
        "localizations": {},
    }


def item_id(playlist: Playlist, position: int) -> str:
    """Return the id of a playlist item."""
    return ids.playlist_item_id(playlist.id, position)
