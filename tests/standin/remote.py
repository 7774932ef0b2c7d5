"""The stand-in as a separate process, so that its CPU time is not that of the measured tool."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Self
from urllib.request import ProxyHandler, Request, build_opener

_REPOSITORY = Path(__file__).parents[2]
_STOP_SECONDS = 10


class StandInProcess:
    """Starts `python -m tests.standin` with the given options and talks to its control endpoint.

    The calls block for a few milliseconds; from asynchronous code that shares no loop with
    the stand-in, that is harmless.
    """

    def __init__(self, *options: str) -> None:
        self._options = options
        # Loopback must never go through a proxy of the environment.
        self._open = build_opener(ProxyHandler({})).open

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.standin", *self._options],
            cwd=_REPOSITORY,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C ends what uses it first
        )
        assert self._process.stdout
        ready = json.loads(self._process.stdout.readline() or "{}")
        if not ready:
            self._process.stdout.close()
            raise RuntimeError(f"the stand-in ended with status {self._process.wait()}")
        self.proxy_url: str = ready["proxy_url"]
        self.ca_file = Path(ready["ca_file"])
        self.control_url: str = ready["control_url"]
        self.ids: dict[str, Any] = ready["ids"]
        self.pid = self._process.pid
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(_STOP_SECONDS)
        if self._process.stdout:
            self._process.stdout.close()

    def ask(self, path: str, body: Any = None, method: str = "") -> Any:
        """Call the control endpoint: GET, or POST when there is a body."""
        data = None if body is None else json.dumps(body).encode()
        method = method or ("GET" if data is None else "POST")
        with self._open(Request(self.control_url + path, data, method=method)) as response:
            return json.load(response)

    def counters(self) -> dict[str, Any]:
        """Return the counters of everything asked since the start or the last reset."""
        counters: dict[str, Any] = self.ask("/counters")
        return counters

    def reset(self) -> None:
        """Forget all counts."""
        self.ask("/reset", {})

    def behave(self, **settings: Any) -> None:
        """Change the behaviour by field names."""
        self.ask("/behaviour", settings)

    def add_fault(self, **fields: Any) -> None:
        """Add a fault by field names."""
        self.ask("/faults", fields)

    def clear_faults(self) -> None:
        """Remove all faults."""
        self.ask("/faults", method="DELETE")

    def change_video(self, video_id: str, **fields: Any) -> None:
        """Change fields of a video, such as `state`."""
        self.ask(f"/videos/{video_id}", fields)
