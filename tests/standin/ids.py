"""Identifiers with YouTube's shapes, the same on every run."""

import base64
import hashlib


def _digest(purpose: str, name: str | int, size: int) -> str:
    raw = hashlib.sha256(f"{purpose}:{name}".encode()).digest()[:size]
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def video_id(number: int) -> str:
    """Return 11 characters that stand for 64 bits, as real ids do.

    An id never starts with a dash here, so that commands can take it unquoted; the
    scenario of hostile content adds one that does.
    """
    for attempt in range(64):
        candidate = _digest("video", f"{number}.{attempt}", 8)
        if not candidate.startswith("-"):
            return candidate
    raise AssertionError("64 hashes in a row start with a dash")


def channel_id(name: str) -> str:
    """Return `UC` and 22 characters."""
    return "UC" + _digest("channel", name, 16)


def playlist_id(number: int) -> str:
    """Return `PL` and 32 characters or, in turn, the 11 of playlists since June 2026."""
    return "PL" + (
        _digest("playlist", number, 24) if number % 2 else _digest("playlist", number, 8)
    )


def playlist_item_id(list_id: str, position: int) -> str:
    """Return the Data API's id of a video's place in a playlist."""
    return "UEw" + _digest("item", f"{list_id}.{position}", 24)


def etag(body: bytes) -> str:
    """Return 27 characters that change with the body, as the Data API's ETags."""
    return base64.urlsafe_b64encode(hashlib.sha1(body, usedforsecurity=False).digest()).decode()[
        :27
    ]
