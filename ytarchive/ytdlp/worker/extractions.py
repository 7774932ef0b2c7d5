"""Checks of an extraction: whether it is of this video, complete and still valid."""

import re
from datetime import UTC, datetime

from ytarchive.common import errors
from ytarchive.media import Info

_LIVE = {"is_live", "post_live"}


def check_identity(info: Info, video_id: str) -> None:
    """Check that an extraction is of this video. Raises WrongVideo."""
    if info.get("id") != video_id:
        raise errors.WrongVideo(f"YouTube answered with {info.get('id')!r} instead", asked=video_id)


def check_is_out(info: Info) -> None:
    """Check that a video is complete. Raises UpcomingVideo or LiveVideo."""
    status = info.get("live_status")
    if status == "is_upcoming":
        start = info.get("release_timestamp")
        known = {"retry_after": datetime.fromtimestamp(start, UTC).isoformat()} if start else {}
        raise errors.UpcomingVideo("the video is not out yet", **known)
    if status in _LIVE:
        raise errors.LiveVideo("the video is live, or its recording is being processed")


def expires(info: Info) -> float:
    """Return the time (epoch seconds) when the first media URL expires."""
    urls = [each.get("url") or "" for each in info.get("formats") or []]
    found = [re.search(r"[?&/]expire[=/](\d+)", url) for url in urls]
    return min((float(match[1]) for match in found if match), default=float("inf"))
