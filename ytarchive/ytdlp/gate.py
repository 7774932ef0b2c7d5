"""The gate that admits requests to YouTube: declared here, implemented by Jobs, set in `app.py`."""

from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Protocol

VIDEO = 1.0
"""The cost of all requests about a video."""
LIST_PAGE = 0.0
SINGLE_REQUEST = 0.2
"""The cost of one page of comments or of a live chat; a video needs about five requests."""


class Gate(Protocol):
    """Admits every request that yt-dlp sends to YouTube."""

    def passing(
        self, source: str, *, cost: float, patient: bool
    ) -> AbstractAsyncContextManager[None]:
        """Admit, within the block, requests about `source` at a cost in videos.

        It receives the exceptions of the block. While requests are paused, `patient` callers wait
        without limit, others only briefly. Requests about a video for which the queue has a permit
        are admitted at once. Raises RequestsPaused.
        """
        ...


class OpenGate(Gate):
    """Admits every request; for tests."""

    def passing(
        self, source: str, *, cost: float, patient: bool
    ) -> AbstractAsyncContextManager[None]:
        """Pass."""
        return nullcontext()
