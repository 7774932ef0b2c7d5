"""Channels and their automatic playlists: all uploads, and one playlist per tab.

A source of a job or listing is a playlist's id, a channel (its id, `@handle` or older name) or, for
a tab of a channel whose id is not known yet, name and tab (`@name:shorts`).
"""

import re
import unicodedata
from enum import StrEnum

_CHANNEL_ID = re.compile(r"UC[A-Za-z0-9_-]{22}")
_NAME_START = re.compile(r"@|c:|user:")

TAB_LISTS = {"videos": "UULF", "shorts": "UUSH", "streams": "UULV"}
"""The playlist prefix of each channel tab, which replaces the channel id's `UC`.
"""
LONGEST_SHORT = 180
"""Maximum seconds of a short."""


class VideoKind(StrEnum):
    """The kind of a video; each kind has its own tab on a channel's page."""

    VIDEO = "video"
    SHORT = "short"
    LIVE = "live"
    """A live stream, or the recording of one."""
    PREMIERE = "premiere"
    """A video that was first shown at an announced time; the videos tab lists it afterwards."""


_KINDS = {"UULF": VideoKind.VIDEO, "UUSH": VideoKind.SHORT, "UULV": VideoKind.LIVE}
_NEWEST_FIRST = ("UU", *TAB_LISTS.values())
_OWN_LISTS = (*_NEWEST_FIRST, "UULP", "UUPS", "UUPV", "UUMO", "UUMF", "UUMS", "UUMV")


def uploads_playlist(channel_id: str) -> str:
    """Return the playlist of all uploads of a channel (`UC…`)."""
    return "UU" + channel_id.removeprefix("UC")


def tab_list(channel: str, tab: str) -> str:
    """Return the playlist of a channel's tab; all uploads if no tab is given.

    The result is a playlist id or, for a channel's name, name and tab (`@name:shorts`).
    """
    if is_channel_name(channel):
        return f"{channel}:{tab}" if tab else channel
    return TAB_LISTS.get(tab, "UU") + channel.removeprefix("UC")


def channel_and_tab(source: str) -> tuple[str, str] | None:
    """Split a parsed source into channel and tab (perhaps empty); None for a playlist's id."""
    if is_channel(source):
        return source, ""
    return _tab_of_name(source)


def _tab_of_name(source: str) -> tuple[str, str] | None:
    name, _, tab = source.rpartition(":")
    return (name, tab) if tab in TAB_LISTS and is_channel_name(name) else None


def is_uploads(playlist_id: str) -> bool:
    """Return whether a playlist contains all uploads of a channel."""
    return _own_list(playlist_id) == "UU"


def is_own_list(playlist_id: str) -> bool:
    """Return whether a playlist is automatic: a channel's uploads, a tab, popular videos."""
    return _own_list(playlist_id) in _OWN_LISTS


def is_account_list(playlist_id: str) -> bool:
    """Return whether each account has its own playlist of this id: Watch later, Liked videos."""
    return playlist_id in {"WL", "LL"}


def is_newest_first(playlist_id: str) -> bool:
    """Return whether a playlist always lists new videos first."""
    return _own_list(playlist_id) in _NEWEST_FIRST


def has_newest_first(source: str) -> bool:
    """Return whether a parsed source, channel or playlist, lists new videos first."""
    return channel_and_tab(source) is not None or is_newest_first(source)


def kinds_of_list(playlist_id: str) -> frozenset[VideoKind]:
    """Return the kinds of the videos of a tab's list; all kinds for other lists."""
    kind = _KINDS.get(_own_list(playlist_id))
    if kind is VideoKind.VIDEO:
        return frozenset([kind, VideoKind.PREMIERE])
    return frozenset([kind] if kind else VideoKind)


def _own_list(playlist_id: str) -> str:
    """Return the prefix of an automatic playlist, before the channel's 22 characters."""
    return playlist_id[:-22] if playlist_id.startswith("UU") else ""


def channel_of_list(playlist_id: str) -> str:
    """Return the channel (`UC…`) of an automatic playlist."""
    return "UC" + playlist_id[-22:]


def is_channel(source: str) -> bool:
    """Return whether a parsed source is a channel, which means all its uploads."""
    return is_channel_name(source) or _CHANNEL_ID.fullmatch(source) is not None


def is_channel_name(source: str) -> bool:
    """Return whether a parsed source is a channel's name, whose id must be requested."""
    start = _NAME_START.match(source)
    name = source[start.end() :] if start else ""
    is_long_enough = any(map(str.isalnum, name))
    return is_long_enough and len(name) <= 100 and all(map(_may_be_in_name, name))


def _may_be_in_name(character: str) -> bool:
    """Return whether a channel's name may contain a character: letters of any script, marks."""
    is_mark = unicodedata.category(character).startswith("M")
    return character.isalnum() or is_mark or character in "_.-·"
