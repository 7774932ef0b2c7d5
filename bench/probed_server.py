"""A server that also notes how late its event loop is: `python -m bench.probed_server FILE`.

FILE gets a JSON list of [moment (epoch seconds), lateness (seconds)] when the server ends.
"""

import asyncio
import json
import sys
import time
from pathlib import Path

from ytarchive.common.config import load_settings
from ytarchive.serving import serve

_INTERVAL = 0.005


async def _note_lateness(noted: list[tuple[float, float]]) -> None:
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + _INTERVAL
        await asyncio.sleep(_INTERVAL)
        noted.append((time.time(), loop.time() - due))


async def _serve(noted: list[tuple[float, float]]) -> None:
    noting = asyncio.create_task(_note_lateness(noted))
    try:
        await serve(load_settings())
    finally:
        noting.cancel()


def main() -> None:
    """Serve until a signal comes, then write what was noted."""
    noted: list[tuple[float, float]] = []
    asyncio.run(_serve(noted))
    Path(sys.argv[1]).write_text(json.dumps(noted))


if __name__ == "__main__":
    main()
