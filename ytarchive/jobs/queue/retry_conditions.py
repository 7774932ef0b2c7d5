"""The conditions of parked videos: the cookies and the proxy of this process."""

import asyncio
import hashlib
from pathlib import Path

from ytarchive.common.config import NetworkConfig
from ytarchive.common.regular import read_regular
from ytarchive.jobs.queue.policy import Condition

_NONE = "none"


class RetryConditions:
    """Describes the present state of each condition as a string that changes with the state."""

    def __init__(self, network: NetworkConfig) -> None:
        self._network = network

    async def present(self, condition: Condition) -> str:
        """Return the condition and its present state, such as `cookies 1a2b…` or `proxy none`."""
        if condition is Condition.PROXY:
            proxy = self._network.proxy
            return f"{condition} {_digest(proxy.encode()) if proxy else _NONE}"
        content = await asyncio.to_thread(_content, self._network.cookies_file)
        return f"{condition} {_digest(content) if content else _NONE}"

    async def park(self, condition: Condition | None) -> str | None:
        """Return the condition of a video with its state; None if it waits for no condition."""
        return None if condition is None else await self.present(condition)

    async def may_help(self, condition: Condition) -> str | None:
        """Return the present state, if a retry of parked videos may succeed with it.

        Videos that need an account fail without cookies. The absence of a proxy is a valid state.
        """
        present = await self.present(condition)
        is_hopeless = condition is Condition.COOKIES and present.endswith(_NONE)
        return None if is_hopeless else present


def _content(file: Path | None) -> bytes:
    """Return the content of a file; nothing if there is none or it cannot be read."""
    try:
        return read_regular(file, follow_links=True) if file else b""
    except OSError:
        return b""


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
