"""The log of requests to the stand-in, for tests and benchmarks."""

import time
from collections import Counter, deque
from dataclasses import asdict, dataclass
from typing import Any

KEPT_ENTRIES = 100_000


@dataclass(slots=True, kw_only=True)
class Entry:
    """One request.

    `time` is seconds since the epoch, `seconds` how long the answer took, `bytes_sent` the
    body's bytes. `client` is the InnerTube client's name, `key_in` where the Data API key
    stood: `header`, `query`, `both` or empty. Until the answer is over, `finished` is False
    and `status` is 0; `status` stays 0 when the client left before the end.
    """

    kind: str
    host: str
    path: str
    method: str = "GET"
    video_id: str = ""
    range: str = ""
    client: str = ""
    key_in: str = ""
    api_key: str = ""
    user_agent: str = ""
    cookie: str = ""
    time: float = 0.0
    status: int = 0
    bytes_sent: int = 0
    seconds: float = 0.0
    finished: bool = False


class RequestLog:
    """The latest 100,000 requests, counters over all of them, and the quota used."""

    def __init__(self) -> None:
        self.entries: deque[Entry] = deque(maxlen=KEPT_ENTRIES)
        self.counts: Counter[str] = Counter()
        self.statuses: Counter[str] = Counter()
        self.bytes_sent = 0
        self.quota_used = 0
        self.active_media = 0
        self.most_active_media = 0

    def open(self, entry: Entry) -> Entry:
        """Note a request as it arrives."""
        entry.time = time.time()
        self.entries.append(entry)
        self.counts[entry.kind] += 1
        return entry

    def close(self, entry: Entry, status: int) -> None:
        """Note how a request was answered; status 0 says that its client left."""
        entry.status = status
        entry.seconds = time.time() - entry.time
        entry.finished = True
        self.statuses[f"{entry.kind} {status}"] += 1
        self.bytes_sent += entry.bytes_sent

    def media_started(self) -> None:
        """Count one more media transfer under way."""
        self.active_media += 1
        self.most_active_media = max(self.most_active_media, self.active_media)

    def of_kind(self, kind: str, video_id: str = "") -> list[Entry]:
        """List the requests of a kind, perhaps for one video only."""
        return [
            entry
            for entry in self.entries
            if entry.kind == kind and (not video_id or entry.video_id == video_id)
        ]

    def count(self, kind: str) -> int:
        """Return how many requests of a kind arrived, or of many with a `prefix:*`."""
        if not kind.endswith("*"):
            return self.counts[kind]
        return sum(n for name, n in self.counts.items() if name.startswith(kind[:-1]))

    @property
    def total(self) -> int:
        """How many requests arrived, CONNECTs not counted."""
        return self.counts.total() - self.counts["connect"]

    def reset(self) -> None:
        """Forget everything and refill the quota; transfers under way stay counted."""
        active = self.active_media
        self.__init__()  # type: ignore[misc]  # the state is exactly what construction sets
        self.active_media = self.most_active_media = active

    def summary(self) -> dict[str, Any]:
        """Return the counters as JSON's types."""
        return {
            "total": self.total,
            "kinds": dict(self.counts),
            "statuses": dict(self.statuses),
            "bytes_sent": self.bytes_sent,
            "quota_used": self.quota_used,
            "active_media": self.active_media,
            "most_active_media": self.most_active_media,
        }

    def as_json(
        self, kind: str = "", video_id: str = "", limit: int = 1000
    ) -> list[dict[str, Any]]:
        """Return the latest entries, oldest first, as JSON's types."""
        chosen = (
            entry
            for entry in reversed(self.entries)
            if kind in ("", entry.kind) and video_id in ("", entry.video_id)
        )
        latest = [asdict(entry) for entry, _ in zip(chosen, range(limit), strict=False)]
        return latest[::-1]
