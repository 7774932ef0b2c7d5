"""YouTube's identifiers: what is accepted, and what it is reduced to.

Wherever an id is accepted, an address that contains one is too. Whatever passes here is safe in a
path and in a URL: it has no character besides letters, digits, `_`, `-` and, in the names of
channels, `.`, `·`, `@` and `:`.
"""

import re
from typing import Annotated
from urllib.parse import parse_qs, unquote, urlsplit

import uuid_utils
from pydantic import AfterValidator, Field, StringConstraints

from ytarchive.common.errors import InvalidIdentifier

_VIDEO_ID = re.compile(r"[A-Za-z0-9_-]{11}")
_PLAYLIST_ID = re.compile(r"(?:PL|UU|OL|FL|RD|LL|WL|UL|SP|EL|PU|EC)[A-Za-z0-9_-]{0,64}")
_CHANNEL_ID = re.compile(r"UC[A-Za-z0-9_-]{22}")
_CHANNEL_NAME = re.compile(r"(?:@|c:|user:)[\w.\-·]{1,100}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9_-]{1,32})?")
_HOSTS = frozenset(
    {
        "youtube.com",
        "www.youtube.com",
        "m.youtube.com",
        "music.youtube.com",
        "youtu.be",
        "youtube-nocookie.com",
        "www.youtube-nocookie.com",
    }
)
_NAME_FOLDERS = frozenset(["c", "user"])
"""Of the addresses that channels had before there were handles; they still lead there."""
_VIDEO_FOLDERS = frozenset(["shorts", "live", "embed", "v", "e"])
_ADDRESS = re.compile(r"(https?://)?[\w.-]+(:[0-9]{1,5})?/", re.IGNORECASE)
_LONGEST = 2048


def new_id() -> str:
    """A fresh id (uuid7): unique, and sortable by the time it was made."""
    return str(uuid_utils.uuid7())


def parse_video_id(text: str) -> str:
    """The 11-character id in `text`, itself an id or an address. Raises InvalidIdentifier."""
    text = text.strip()
    if _VIDEO_ID.fullmatch(text):
        return text
    parts, query = _address(text)
    candidate = query.get("v", "")
    if parts and parts[0] == "youtu.be":
        candidate = parts[1] if len(parts) > 1 else ""
    elif len(parts) > 2 and parts[1] in _VIDEO_FOLDERS:
        candidate = parts[2]
    if _VIDEO_ID.fullmatch(candidate):
        return candidate
    raise InvalidIdentifier(f"{_shown(text)} is not a YouTube video id or address")


def parse_playlist_id(text: str) -> str:
    """A playlist's id, or a channel (its id, `@handle` or older name), whose uploads are meant.

    Raises InvalidIdentifier.
    """
    text = text.strip()
    if _PLAYLIST_ID.fullmatch(text):
        return text
    _, query = _address(text)
    listed = query.get("list", "")
    if _PLAYLIST_ID.fullmatch(listed):
        return listed
    try:
        return parse_channel(text)
    except InvalidIdentifier:
        message = f"{_shown(text)} is not a YouTube playlist or channel"
        raise InvalidIdentifier(message) from None


def parse_channel(text: str) -> str:
    """A channel's id (`UC…`), handle (`@name`) or older name: `c:Name` for `/c/Name`, `user:Name`.

    Raises InvalidIdentifier.
    """
    text = text.strip()
    parts, _ = _address(text)
    if len(parts) > 2 and parts[1] == "channel":
        text = parts[2]
    elif len(parts) > 1 and parts[1].startswith("@"):
        text = parts[1]
    elif len(parts) > 2 and parts[1] in _NAME_FOLDERS:
        text = f"{parts[1]}:{parts[2]}"
    if _CHANNEL_ID.fullmatch(text) or is_channel_name(text):
        return text
    raise InvalidIdentifier(f"{_shown(text)} is not a YouTube channel id, @handle or address")


def uploads_playlist(channel_id: str) -> str:
    """The playlist of everything that a channel (`UC…`) uploaded."""
    return "UU" + channel_id.removeprefix("UC")


def is_account_list(playlist_id: str) -> bool:
    """Whether a playlist is one that each account has for itself: Watch later or Liked videos."""
    return playlist_id in {"WL", "LL"}


def is_uploads(playlist_id: str) -> bool:
    """Whether a playlist has what a channel uploaded, the newest first."""
    return playlist_id.startswith("UU")


def channel_of_uploads(playlist_id: str) -> str:
    """The channel (`UC…`) whose uploads a playlist has."""
    return "UC" + playlist_id.removeprefix("UU")


def is_channel(source: str) -> bool:
    """Whether a parsed playlist id stands for a channel."""
    return is_channel_name(source) or _CHANNEL_ID.fullmatch(source) is not None


def is_channel_name(source: str) -> bool:
    """Whether it stands for a channel whose id only YouTube can tell."""
    return _CHANNEL_NAME.fullmatch(source) is not None


def parse_language(text: str) -> str:
    """A language code such as `en` or `zh-Hans`, or `all`. Raises ValueError."""
    text = text.strip()
    if _LANGUAGE.fullmatch(text):
        return text
    raise ValueError(f"{_shown(text)} is no language code, such as en or pt-BR, and not all")


def parse_audio_language(text: str) -> str:
    """A language code such as `de` or `pt-BR`. Raises ValueError."""
    text = text.strip()
    if _LANGUAGE.fullmatch(text) and text.lower() != "all":
        return text
    raise ValueError(f"{_shown(text)} is no language code, such as de or pt-BR")


def _address(text: str) -> tuple[list[str], dict[str, str]]:
    """Host and path segments, and the query, of a YouTube address; empty for any other text."""
    if len(text) > _LONGEST or not _ADDRESS.match(text):
        return [], {}
    try:
        url = urlsplit(text if "://" in text else f"https://{text}")
    except ValueError:
        return [], {}
    host = (url.hostname or "").lower()
    if host not in _HOSTS:
        return [], {}
    query = {name: values[-1] for name, values in parse_qs(url.query).items()}
    return [host, *(unquote(part) for part in url.path.split("/") if part)], query


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
"""A playlist id, channel id or @handle; an address is reduced to it."""

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
