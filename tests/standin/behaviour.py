"""How the stand-in behaves: pace, limits and faults, all changeable while it runs."""

from dataclasses import dataclass, field, fields, replace
from fnmatch import fnmatchcase
from itertools import count
from typing import Any

from .states import VideoState


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that goes wrong with the requests that match.

    `kind` and `video_id` may hold wildcards; kinds are those of the request log, such as
    `watch`, `player`, `media`, `caption`, `thumbnail`, `api:videos`; `connect` must be named
    in full. The first `after` matches pass; then it strikes `times` times (None: always).
    What happens is one of the following, or just `delay_ms` milliseconds of waiting:
    `status` answers that HTTP status, with `retry_after` (seconds), `location` and `body` if given;
    `hang` never answers; `cut_after` breaks the connection after that many bytes of the
    body; `truncate_to` ends the body early but cleanly; `api_error` names a Data API error.
    `body_base64` is a body of any bytes, `encoding` its Content-Encoding; `fill_to` repeats a body
    up to that many bytes, `bytes_per_second` is its pace; `endless` media never end.
    """

    kind: str = "*"
    video_id: str = "*"
    after: int = 0
    times: int | None = None
    delay_ms: float = 0
    status: int = 0
    retry_after: int | None = None
    location: str = ""
    body: str = ""
    hang: bool = False
    cut_after: int | None = None
    truncate_to: int | None = None
    api_error: str = ""
    body_base64: str = ""
    encoding: str = ""
    fill_to: int | None = None
    bytes_per_second: int | None = None
    endless: bool = False

    def matches(self, kind: str, video_id: str) -> bool:
        """Tell whether a request of this kind, for this video, is concerned."""
        named = kind == self.kind or (kind != "connect" and fnmatchcase(kind, self.kind))
        return named and fnmatchcase(video_id, self.video_id)


@dataclass(slots=True, kw_only=True)
class Behaviour:
    """Settings for everything that the stand-in answers.

    `latency_ms` milliseconds pass before each answer. `media_bytes_per_second` holds for each
    media connection (None: as fast as possible). From the request after the first
    `everything_becomes_after` watch and player requests on, every video is in the state
    `everything_becomes`. A media URL answers 403 `media_url_lifetime` seconds after it was
    given out, or after `media_url_uses` requests (None: no limit).
    `api_quota` is units per day; `api_keys` are the accepted keys (None: any).
    """

    latency_ms: float = 0
    media_bytes_per_second: int | None = None
    everything_becomes: VideoState | None = None
    everything_becomes_after: int = 0
    media_url_lifetime: int = 21_600
    media_url_uses: int | None = None
    api_quota: int = 10_000
    api_keys: tuple[str, ...] | None = None
    faults: list[Fault] = field(default_factory=list)

    def change(self, **settings: Any) -> None:
        """Set fields by name, also from JSON's types; an unknown name is a `TypeError`."""
        if settings.get("everything_becomes"):
            settings["everything_becomes"] = VideoState(settings["everything_becomes"])
        if "faults" in settings:
            settings["faults"] = [_fault(given) for given in settings["faults"]]
        checked = replace(self, **settings)
        for each in fields(self):
            setattr(self, each.name, getattr(checked, each.name))


def _fault(given: Fault | dict[str, Any]) -> Fault:
    return given if isinstance(given, Fault) else Fault(**given)


class FaultBook:
    """Remembers how often each fault was met, and says which one strikes next."""

    def __init__(self, behaviour: Behaviour) -> None:
        self._behaviour = behaviour
        # The faults are kept with their counts: an id may be given again once its owner is gone.
        self._met: dict[int, tuple[Fault, count[int]]] = {}

    def strike(self, kind: str, video_id: str) -> Fault | None:
        """Return the first fault that strikes this request, if any."""
        for fault in self._behaviour.faults:
            if fault.matches(kind, video_id) and self._is_due(fault):
                return fault
        return None

    def _is_due(self, fault: Fault) -> bool:
        _, times_met = self._met.setdefault(id(fault), (fault, count()))
        past_grace = next(times_met) - fault.after
        return past_grace >= 0 and (fault.times is None or past_grace < fault.times)

    def reset(self) -> None:
        """Forget what was met: every fault starts anew."""
        self._met.clear()
