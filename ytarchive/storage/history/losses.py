"""Which evidence of availability means that a video is lost on YouTube."""

from typing import Any

from pydantic import TypeAdapter, ValidationError

from ytarchive.common.errors import DeletedVideo, PrivateVideo, VideoUnavailable
from ytarchive.common.models import UtcDatetime, to_micros
from ytarchive.storage.history.models import HistoryEntry

_LOST = frozenset(each.reason for each in (DeletedVideo, PrivateVideo, VideoUnavailable))
_TIME: TypeAdapter[UtcDatetime] = TypeAdapter(UtcDatetime)


def loss_of(video_id: str, evidence: HistoryEntry) -> dict[str, Any] | None:
    """Return the row of a lost video; None if the evidence does not confirm a loss.

    Suspicions, and limits to an age, a country, members or a time, are no losses.
    """
    data = evidence.data
    if data.get("state") != "unavailable" or data.get("reason") not in _LOST:
        return None
    try:
        since = _TIME.validate_python(data.get("first_seen"))
    except ValidationError:
        since = evidence.time
    return {"video_id": video_id, "reason": data["reason"], "since": to_micros(since)}
