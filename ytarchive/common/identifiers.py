"""YouTube's identifiers: the accepted forms and the canonical id of each.

A URL that contains an id is accepted like the id. An accepted id is safe in a path and in a URL: it
consists of letters, digits, combining marks, `_`, `-` and, in channel names, `.`, `·`, `@` and `:`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import uuid_utils
from pydantic import AfterValidator, Field, StringConstraints

from ytarchive.common.addresses import Address, clean, read_address, readings, urls_in
from ytarchive.common.channel_lists import (
    TAB_LISTS,
    channel_and_tab,
    is_channel,
    is_channel_name,
    tab_list,
)
from ytarchive.common.errors import InvalidIdentifier

VIDEO_ID = re.compile(r"[A-Za-z0-9_-]{11}")
_VIDEO_START = re.compile(r"[A-Za-z0-9_-]{11}(?![A-Za-z0-9_-])")
_PLAYLIST_ID = re.compile(
    r"(?:WL|LL|LM|RDMM)(?![A-Za-z0-9_-])|(?![A-Z]{2,10}(?![A-Za-z0-9_-]))"  # no word such as PLAYER
    r"(?:PL|UU|OL|FL|RD|LL|LM|WL|UL|SP|EL|PU|EC|TL)[A-Za-z0-9_-]{0,64}"
)
_PARAMETERS = re.compile(r"[?&](?:si|t|list|index|feature|pp|ab_channel|start_radio)=\S*$|#\S*$")
"""Parameters that are copied with the last part of a URL."""
_NAME_FOLDERS = frozenset(["c", "user"])
"""Channel URLs from the time before handles, which still work."""
_VIDEO_FOLDERS = frozenset(
    ["shorts", "live", "embed", "v", "e", "watch", "vi", "vi_webp", "an_webp", "sb", "video"]
)
_WORDS = frozenset(["videoseries", "live_stream", "watch_popup", "attribution"])
"""Words in YouTube's URLs that are as long as a video id."""

_CHANNEL_PAGES = frozenset(["", "featured"])
_REASONS = {
    "live": "it leads to the current live stream; give the video's URL",
    "search": "it is a search, whose results change; give URLs of videos or playlists",
    "results": "it is a search, whose results change; give URLs of videos or playlists",
    **dict.fromkeys(
        ("playlists", "podcasts", "releases", "courses", "show"),
        "it lists playlists; give the URL of each playlist",
    ),
    "watch_videos": "it is a playlist without an id; give the URL of each video",
    "clip": "it is a clip; give the URL of its video",
    "live_stream": "it leads to the current live stream; give the video's URL",
}
_PAGES = _VIDEO_FOLDERS | {
    *("playlist", "channel", "user", "browse", "feed", "hashtag", "post", "gaming", "premium"),
    *("account", "about", "music", "kids", "redirect", "signin", "oembed", "sports", "movies"),
    *("shows", "trending", "news", "learning", "podcasts", "source", "feeds", "upload", "creators"),
    *("tv", "new", "ads", "playables", "logout", "login", "howyoutubeworks", "attribution"),
}
_OTHER_PAGE = "this page has no list of videos; give a video, playlist, @handle or channel URL"


def new_id() -> str:
    """Return a new id (uuid7): unique, and sortable by creation time."""
    return str(uuid_utils.uuid7())


def parse_video_id(text: str) -> str:
    """Return the 11-character id in `text`, an id or URL. Raises InvalidIdentifier."""
    if _is_video_id(text):
        return text
    return _parsed(text, "video id or address", _is_video_id, _video_in)


def _parsed(
    text: str, what: str, is_id: Callable[[str], object], in_address: Callable[[Address], str]
) -> str:
    """Return the id in `text`, an id or URL. Raises InvalidIdentifier."""
    wanted = clean(text)
    if len(urls_in(wanted)) > 1:
        raise InvalidIdentifier(f"{_shown(text)} has several addresses; give them one by one")
    refused: Address | None = None
    for reading in readings(wanted):
        bare = _PARAMETERS.sub("", reading)
        if is_id(bare):
            return bare
        address = read_address(reading)
        if address and (found := in_address(address)):
            return found
        refused = refused or address
    raise _refused(text, what, refused)


def _is_video_id(text: str) -> bool:
    return VIDEO_ID.fullmatch(text) is not None and text not in _WORDS


def _video_in(address: Address) -> str:
    """Return the id in the URL of a video's page; empty for other pages."""
    found = _VIDEO_START.match(_video_part(address))
    return found[0] if found and found[0] not in _WORDS else ""


def _video_part(address: Address) -> str:
    """Return the part of a URL that begins with a video id, if it has one."""
    if address.is_short and address.page not in {"", "watch", "playlist"}:
        return address.path[-1] if address.page in _VIDEO_FOLDERS else address.path[0]
    if address.page == "watch" and "v" in address.query:
        return address.query["v"]
    if address.page in _VIDEO_FOLDERS and len(address.path) > 1:
        return address.path[1]
    return "" if _channel_in(address) else address.query.get("v", "")


def parse_playlist_id(text: str) -> str:
    """Return the playlist id or channel in `text`, an id or URL.

    A channel (id, `@handle` or older name) means its uploads. A tab of a channel means the playlist
    of that tab: a playlist id or, for a channel's name, name and tab (`@name:shorts`). Raises
    InvalidIdentifier.
    """
    return _parsed(
        text,
        "playlist or channel",
        lambda wanted: _PLAYLIST_ID.fullmatch(wanted) or channel_and_tab(wanted),
        lambda address: _playlist_in(address) or _source_in(address),
    )


def _playlist_in(address: Address) -> str:
    other = {"view_play_list": "p", "feeds": "playlist_id"}.get(address.page, "")
    listed = address.query.get("list") or address.query.get(other, "")
    if address.query.get("listType") == "user_uploads" and is_channel_name(f"user:{listed}"):
        return f"user:{listed}"
    if address.page in {"playlist", "browse"} and len(address.path) > 1:
        listed = listed or address.path[1].removeprefix("VL")
    found = _PLAYLIST_ID.match(listed)
    return found[0] if found else ""


def _source_in(address: Address) -> str:
    """Return the channel of a URL, or the playlist of its tab; empty for other pages."""
    channel = _channel_in(address)
    tab = _page_of_channel(address)
    if tab in _CHANNEL_PAGES:
        return channel
    return tab_list(channel, tab) if channel and tab in TAB_LISTS else ""


def parse_channel(text: str) -> str:
    """Return a channel's id (`UC…`), handle (`@name`) or older name (`c:Name`, `user:Name`).

    Accepts the URL of every page of a channel. Raises InvalidIdentifier.
    """
    return _parsed(text, "channel id, @handle or address", is_channel, _channel_in)


def _channel_in(address: Address) -> str:
    """Return the channel in the URL of a channel's page; empty for other pages."""
    if address.page.startswith("@"):
        name = address.path[0]
    elif address.page == "feeds":
        user = address.query.get("user", "")
        name = address.query.get("channel_id") or f"user:{user}"
    elif address.page in {"channel", "browse"} and len(address.path) > 1:
        name = address.path[1]
    elif address.page in _NAME_FOLDERS and len(address.path) > 1:
        name = f"{address.page}:{address.path[1]}"
    else:
        return ""
    # A pasted URL may continue with `&t=` or similar instead of a query.
    name = re.split(r"[&?=]", name, maxsplit=1)[0]
    return name if is_channel(name) else ""


def _page_of_channel(address: Address) -> str:
    place = 1 if address.page.startswith("@") else 2
    page = address.path[place] if len(address.path) > place else ""
    return re.split(r"[&?=]", page.lower(), maxsplit=1)[0]


@dataclass(frozen=True)
class Source:
    """A video, playlist or channel. An id of 11 characters can be each of them."""

    id: str
    is_video: bool


def parse_source(text: str) -> Source:
    """Return the video in `text`, otherwise the playlist or channel. Raises InvalidIdentifier."""
    try:
        return Source(parse_video_id(text), is_video=True)
    except InvalidIdentifier:
        pass
    try:
        return Source(parse_playlist_id(text), is_video=False)
    except InvalidIdentifier as error:
        message = error.message.replace("playlist or channel", "video, playlist or channel")
        raise InvalidIdentifier(message) from None


def _refused(text: str, expected: str, address: Address | None) -> InvalidIdentifier:
    reason = _reason(address) if address else ""
    return InvalidIdentifier(
        f"{_shown(text)} is not a YouTube {expected}{reason and f': {reason}'}"
    )


def _reason(address: Address) -> str:
    """Return why a YouTube URL cannot be archived; empty if it can."""
    if _channel_in(address):
        page = _page_of_channel(address)
        is_source = page in _CHANNEL_PAGES or page in TAB_LISTS
        return "" if is_source else _REASONS.get(page, f"/{page}: {_OTHER_PAGE}")
    if _playlist_in(address) or _video_in(address):
        return ""
    last = address.path[-1] if address.path else ""
    if address.page in {"embed", *_REASONS}:
        return _REASONS.get(last if address.page == "embed" else address.page, _OTHER_PAGE)
    if _video_part(address):
        return f"{_shown(_video_part(address))} is not a video's id"
    is_name = re.fullmatch(r"[a-z0-9]{3,30}", address.page) and address.page not in _PAGES
    if is_name and _page_of_name(address) in {*_CHANNEL_PAGES, *TAB_LISTS, *_REASONS}:
        return f"for a channel's old URL, give its handle, such as @{address.path[0]}"
    return _OTHER_PAGE


def _page_of_name(address: Address) -> str:
    return address.path[1].lower() if len(address.path) > 1 else ""


def _shown(text: str) -> str:
    return repr(text if len(text) <= 80 else text[:77] + "...")


VideoId = Annotated[
    str,
    AfterValidator(parse_video_id),
    Field(description="A video id, or a URL that contains it", examples=["dQw4w9WgXcQ"]),
]
"""A video id; a URL is reduced to the id in it."""

PlaylistId = Annotated[
    str,
    AfterValidator(parse_playlist_id),
    Field(
        description="The id of a playlist or channel, a channel's @handle, or a URL",
        examples=["PLrAXtmErZgOeiKm4sgNOknGvNjby9efdf"],
    ),
]
"""A playlist id, channel id or @handle, optionally with a tab; a URL is reduced to it."""

ChannelId = Annotated[
    str,
    AfterValidator(parse_channel),
    Field(description="A channel's id, its @handle, or a URL", examples=["@youtube"]),
]
"""A channel id or @handle; a URL is reduced to it."""

OpaqueId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
"""A job, task or plan id, made by `new_id`."""
