"""Channels and the lists that YouTube keeps for them: all uploads, and one for each tab.

A source of a job or listing is a playlist's id, a channel (its id, `@handle` or older name) or, for
one tab of a channel whose id is not known yet, the name with the tab (`@name:shorts`).
"""

import re
import unicodedata

from ytarchive.common.video_kinds import VideoKind

_CHANNEL_ID = re.compile(r"UC[A-Za-z0-9_-]{22}")
_NAME_START = re.compile(r"@|c:|user:")
_LONGEST_NAME = 100

TAB_LISTS = {"videos": "UULF", "shorts": "UUSH", "streams": "UULV"}
"""The list that each tab of a channel shows: this prefix and the end of the channel's id."""
_KINDS = {"UULF": VideoKind.VIDEO, "UUSH": VideoKind.SHORT, "UULV": VideoKind.LIVE}
_NEWEST_FIRST = ("UU", *TAB_LISTS.values())
_OWN_LISTS = (*_NEWEST_FIRST, "UULP", "UUPS", "UUPV", "UUMO", "UUMF", "UUMS", "UUMV")


def uploads_playlist(channel_id: str) -> str:
    """Return the playlist of everything that a channel (`UC…`) uploaded."""
    return "UU" + channel_id.removeprefix("UC")


def tab_list(channel: str, tab: str) -> str:
    """Return the list of a channel's tab; all uploads without one.

    It is a playlist's id or, for a channel's name, the name with the tab (`@name:shorts`).
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
    """Return whether a playlist has everything that a channel uploaded."""
    return _own_list(playlist_id) == "UU"


def is_own_list(playlist_id: str) -> bool:
    """Return whether YouTube keeps a playlist for its channel: uploads, a tab's, popular ones."""
    return _own_list(playlist_id) in _OWN_LISTS


def is_account_list(playlist_id: str) -> bool:
    """Return whether each account has this playlist for itself: Watch later or Liked videos."""
    return playlist_id in {"WL", "LL"}


def is_newest_first(playlist_id: str) -> bool:
    """Return whether new videos are always at the head of a playlist."""
    return _own_list(playlist_id) in _NEWEST_FIRST


def has_newest_first(source: str) -> bool:
    """Return whether a parsed source, a channel or a list, has new videos at its head."""
    return channel_and_tab(source) is not None or is_newest_first(source)


def kind_of_list(playlist_id: str) -> VideoKind | None:
    """Return the kind of all videos of a tab's list; None for other lists."""
    return _KINDS.get(_own_list(playlist_id))


def _own_list(playlist_id: str) -> str:
    """Return the prefix before a channel's 22 characters."""
    return playlist_id[:-22] if playlist_id.startswith("UU") else ""


def channel_of_list(playlist_id: str) -> str:
    """Return the channel (`UC…`) that YouTube keeps an own list for."""
    return "UC" + playlist_id[-22:]


def is_channel(source: str) -> bool:
    """Return whether a parsed source stands for a channel and all its uploads."""
    return is_channel_name(source) or _CHANNEL_ID.fullmatch(source) is not None


def is_channel_name(source: str) -> bool:
    """Return whether it stands for a channel whose id only YouTube can tell."""
    start = _NAME_START.match(source)
    name = source[start.end() :] if start else ""
    is_long_enough = any(map(str.isalnum, name))
    return is_long_enough and len(name) <= _LONGEST_NAME and all(map(_may_be_in_name, name))


def _may_be_in_name(character: str) -> bool:
    """Letters and digits of every script, and the marks that belong to them (Thai, Hindi)."""
    is_mark = unicodedata.category(character).startswith("M")
    return character.isalnum() or is_mark or character in "_.-·"
