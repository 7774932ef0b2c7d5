"""The RSS feeds of channels and playlists: the 15 newest videos."""

import re
from xml.sax.saxutils import escape, quoteattr

from .catalogue import Catalogue, Video
from .states import HIDDEN

FEED_LENGTH = 15
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NAMESPACES = (
    'xmlns:yt="http://www.youtube.com/xml/schemas/2015" '
    'xmlns:media="http://search.yahoo.com/mrss/" xmlns="http://www.w3.org/2005/Atom"'
)


def _text(words: str) -> str:
    return escape(_NOT_XML.sub("", words))


def feed(catalogue: Catalogue, channel_id: str, playlist_id: str) -> bytes | None:
    """Return the feed of a channel or playlist, None if there is none."""
    playlist = catalogue.find_playlist(playlist_id or "UU" + channel_id[2:])
    if playlist is None:
        return None
    listed = (catalogue.videos.get(video_id) for video_id in playlist.video_ids)
    if not playlist.video_ids and playlist_id.startswith("UU"):
        return None  # as of a channel without videos of a kind
    shown = [video for video in listed if video and video.state not in HIDDEN][:FEED_LENGTH]
    channel = playlist.channel
    title = channel.title if channel_id else playlist.title
    entries = "".join(_entry(video) for video in shown)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<feed {_NAMESPACES}>'
        f"<id>yt:{'channel' if channel_id else 'playlist'}:{channel_id[2:] or playlist_id}</id>"
        f"<yt:channelId>{channel.id}</yt:channelId><title>{_text(title)}</title>"
        f"<author><name>{_text(channel.title)}</name>"
        f"<uri>https://www.youtube.com/channel/{channel.id}</uri></author>{entries}</feed>"
    ).encode()


def _entry(video: Video) -> str:
    link = quoteattr(f"https://www.youtube.com/watch?v={video.id}")
    picture = quoteattr(f"https://i1.ytimg.com/vi/{video.id}/hqdefault.jpg")
    uploaded = video.uploaded.isoformat()
    return (
        f"<entry><id>yt:video:{video.id}</id><yt:videoId>{video.id}</yt:videoId>"
        f"<yt:channelId>{video.channel.id}</yt:channelId><title>{_text(video.title)}</title>"
        f'<link rel="alternate" href={link}/>'
        f"<published>{uploaded}</published><updated>{uploaded}</updated><media:group>"
        f"<media:title>{_text(video.title)}</media:title>"
        f'<media:thumbnail url={picture} width="480" height="360"/>'
        f"<media:description>{_text(video.description)}</media:description>"
        f'<media:community><media:statistics views="{video.views}"/></media:community>'
        f"</media:group></entry>"
    )
