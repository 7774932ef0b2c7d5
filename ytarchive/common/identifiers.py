"""YouTube's identifiers: the forms that are accepted, and the id that each is reduced to.

Wherever an id is accepted, an address that contains one is too. An accepted id is safe in a path
and in a URL: it has letters, digits, combining marks, `_`, `-` and, in the names of channels,
`.`, `·`, `@` and `:`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import uuid_utils
from pydantic import AfterValidator, Field, StringConstraints

from ytarchive.common.addresses import Address, clean, read_address
from ytarchive.common.channel_lists import (
    TAB_LISTS,
    channel_and_tab,
    is_channel,
    is_channel_name,
    tab_list,
)
from ytarchive.common.errors import InvalidIdentifier

_VIDEO_ID = re.compile(r"[A-Za-z0-9_-]{11}")
_VIDEO_START = re.compile(r"[A-Za-z0-9_-]{11}(?![A-Za-z0-9_-])")
_PLAYLIST_ID = re.compile(r"(?:PL|UU|OL|FL|RD|LL|LM|WL|UL|SP|EL|PU|EC|TL)[A-Za-z0-9_-]{0,64}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9_-]{1,32})?")
_NAME_FOLDERS = frozenset(["c", "user"])
"""Of the addresses that channels had before there were handles; they still lead there."""
_VIDEO_FOLDERS = frozenset(["shorts", "live", "embed", "v", "e", "watch", "vi", "vi_webp", "video"])
_WORDS = frozenset(["videoseries", "live_stream", "watch_popup", "attribution"])
"""Words of YouTube's addresses that have the length of a video's id."""

_CHANNEL_PAGES = frozenset(["", "featured"])
_REASONS = {
    "live": "it names the stream that is live at the moment; give the video's address",
    "search": "it is a search, whose results change; give addresses of videos or playlists",
    "results": "it is a search, whose results change; give addresses of videos or playlists",
    "playlists": "it lists playlists; give the address of each playlist",
    "podcasts": "it lists playlists; give the address of each playlist",
    "releases": "it lists playlists; give the address of each playlist",
    "courses": "it lists playlists; give the address of each playlist",
    "clip": "it is a clip; give the address of the video that it is taken from",
    "live_stream": "it names the stream that is live at the moment; give the video's address",
}
_PAGES = _VIDEO_FOLDERS | {
    *("playlist", "channel", "user", "browse", "feed", "hashtag", "post", "gaming", "premium"),
    *("account", "about", "music", "kids", "redirect", "signin", "oembed", "sports", "movies"),
}
_OTHER_PAGE = "this page has no list of videos; give a video, playlist, @handle or channel address"


def new_id() -> str:
    """Return a fresh id (uuid7): unique, and sortable by the time it was made."""
    return str(uuid_utils.uuid7())


def parse_video_id(text: str) -> str:
    """Return the 11-character id in `text`, an id or an address. Raises InvalidIdentifier."""
    if _is_video_id(text):
        return text
    return _parsed(text, "video id or address", _is_video_id, _video_in)


def _parsed(
    text: str, what: str, is_id: Callable[[str], object], in_address: Callable[[Address], str]
) -> str:
    """Return the id that `text` is, or that its address names. Raises InvalidIdentifier."""
    wanted = clean(text)
    if is_id(wanted):
        return wanted
    address = read_address(wanted)
    if address and (found := in_address(address)):
        return found
    raise _refused(text, what, address)


def _is_video_id(text: str) -> bool:
    return _VIDEO_ID.fullmatch(text) is not None and text not in _WORDS


def _video_in(address: Address) -> str:
    """Return the id of the video whose page an address is; empty for other pages."""
    found = _VIDEO_START.match(_video_part(address))
    return found[0] if found and found[0] not in _WORDS else ""


def _video_part(address: Address) -> str:
    """Return the part of an address that begins with a video's id, if it has one."""
    if address.is_short and address.page not in {"", "watch", "playlist"}:
        return address.path[-1] if address.page in _VIDEO_FOLDERS else address.path[0]
    if address.page in _VIDEO_FOLDERS and len(address.path) > 1:
        return address.path[1]
    return "" if _channel_in(address) else address.query.get("v", "")


def parse_playlist_id(text: str) -> str:
    """Return a playlist's id or a channel, in `text`, itself an id or an address.

    A channel (its id, `@handle` or older name) stands for its uploads. One of its tabs is the list
    of that tab: a playlist's id or, for a channel's name, the name and the tab (`@name:shorts`).
    Raises InvalidIdentifier.
    """
    return _parsed(
        text,
        "playlist or channel",
        lambda wanted: _PLAYLIST_ID.fullmatch(wanted) or channel_and_tab(wanted),
        lambda address: _playlist_in(address) or _source_in(address),
    )


def _playlist_in(address: Address) -> str:
    listed = address.query.get("list", "")
    if address.query.get("listType") == "user_uploads" and is_channel_name(f"user:{listed}"):
        return f"user:{listed}"
    if address.page in {"playlist", "browse"} and len(address.path) > 1:
        listed = listed or address.path[1].removeprefix("VL")
    found = _PLAYLIST_ID.match(listed)
    return found[0] if found else ""


def _source_in(address: Address) -> str:
    """Return the channel of an address, or the list of its tab; empty for its other pages."""
    channel = _channel_in(address)
    tab = _page_of_channel(address)
    if tab in _CHANNEL_PAGES:
        return channel
    return tab_list(channel, tab) if channel and tab in TAB_LISTS else ""


def parse_channel(text: str) -> str:
    """Return a channel's id (`UC…`), handle (`@name`) or older name (`c:Name`, `user:Name`).

    Every page of a channel names it. Raises InvalidIdentifier.
    """
    return _parsed(text, "channel id, @handle or address", is_channel, _channel_in)


def _channel_in(address: Address) -> str:
    """Return the channel whose page an address is; empty for other pages."""
    if address.page.startswith("@"):
        name = address.path[0]
    elif address.page in {"channel", "browse"} and len(address.path) > 1:
        name = address.path[1]
    elif address.page in _NAME_FOLDERS and len(address.path) > 1:
        name = f"{address.page}:{address.path[1]}"
    else:
        return ""
    # A pasted address may go on with `&t=` or the like where its query should begin.
    name = re.split(r"[&?=]", name, maxsplit=1)[0]
    return name if is_channel(name) else ""


def _page_of_channel(address: Address) -> str:
    place = 1 if address.page.startswith("@") else 2
    page = address.path[place] if len(address.path) > place else ""
    return re.split(r"[&?=]", page.lower(), maxsplit=1)[0]


@dataclass(frozen=True)
class Source:
    """A video, or a playlist or channel. An id of 11 characters alone does not tell which."""

    id: str
    is_video: bool


def parse_source(text: str) -> Source:
    """Return the video in `text`, else the playlist or channel. Raises InvalidIdentifier."""
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
    """Say why an address of YouTube names nothing that can be archived; empty if it does."""
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
    if re.fullmatch(r"[a-z0-9]{3,30}", address.page) and address.page not in _PAGES:
        return f"if it is a channel's old address, give its handle, such as @{address.path[0]}"
    return _OTHER_PAGE


def parse_language(text: str) -> str:
    """Return a language code such as `en` or `zh-Hans`, or `all`. Raises ValueError."""
    text = text.strip()
    if _LANGUAGE.fullmatch(text):
        return text
    raise ValueError(f"{_shown(text)} is no language code, such as en or pt-BR, and not all")


def parse_audio_language(text: str) -> str:
    """Return a language code such as `de` or `pt-BR`. Raises ValueError."""
    text = text.strip()
    if _LANGUAGE.fullmatch(text) and text.lower() != "all":
        return text
    raise ValueError(f"{_shown(text)} is no language code, such as de or pt-BR")


def _shown(text: str) -> str:
    return repr(text if len(text) <= 80 else text[:77] + "...")


VideoId = Annotated[
    str,
    AfterValidator(parse_video_id),
    Field(description="A video's id, or an address with it", examples=["dQw4w9WgXcQ"]),
]
"""A video id; an address is reduced to the id in it."""

PlaylistId = Annotated[
    str,
    AfterValidator(parse_playlist_id),
    Field(
        description="The id of a playlist or channel, a channel's @handle, or an address",
        examples=["PLrAXtmErZgOeiKm4sgNOknGvNjby9efdf"],
    ),
]
"""A playlist id, channel id or @handle, perhaps with a tab; an address is reduced to it."""

ChannelId = Annotated[
    str,
    AfterValidator(parse_channel),
    Field(description="A channel's id, its @handle, or an address", examples=["@youtube"]),
]
"""A channel id or @handle; an address is reduced to it."""

CaptionLanguages = Annotated[
    list[Annotated[str, AfterValidator(parse_language)]],
    Field(
        max_length=50,
        description="Language codes such as `en` or `pt-BR`, in any case, compared by BCP 47: `he` "
        "finds `iw`, `zh-CN` finds `zh-Hans`; `en` stands for its regional variants too, `all` "
        "for every language with captions made by people",
    ),
]
"""Languages of captions."""

AudioLanguage = Annotated[
    str,
    AfterValidator(parse_audio_language),
    Field(description="Of the sound, as `de` or `pt-BR`; null: the original", examples=["de"]),
]
"""The language of a video's sound."""

OpaqueId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
"""A job, task or plan id, made by `new_id`."""
