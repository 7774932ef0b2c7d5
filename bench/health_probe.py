"""Seconds that `GET /health` takes, measured repeatedly: `python -m bench.health_probe URL FILE`.

FILE gets a JSON list of the times when a signal ends it. It is a separate process, so that other
work of the benchmark is not measured with it.
"""

import http.client
import json
import signal
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

_INTERVAL = 0.02


def main() -> None:
    """Request the health until SIGTERM."""
    where = urlsplit(sys.argv[1])
    took: list[float] = []
    has_ended = False

    def end(*_: object) -> None:
        nonlocal has_ended
        has_ended = True

    signal.signal(signal.SIGTERM, end)
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=60)
    while not has_ended:
        begun = time.monotonic()
        connection.request("GET", where.path)
        connection.getresponse().read()
        took.append(time.monotonic() - begun)
        time.sleep(_INTERVAL)
    Path(sys.argv[2]).write_text(json.dumps(took))


if __name__ == "__main__":
    main()
