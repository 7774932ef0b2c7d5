"""Runs the stand-in in the foreground; prints one JSON line when it is ready."""

import argparse
import asyncio
import json
import signal
import sys
from pathlib import Path

from .behaviour import Behaviour
from .catalogue import Catalogue
from .media import MediaSpec
from .scenarios import SCENARIOS
from .server import StandIn


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.standin", description=__doc__)
    add = parser.add_argument
    add("--port", type=int, default=0, help="of the proxy; 0 takes a free one")
    add("--dir", type=Path, help="where the CA file goes (default: a temporary folder)")
    add(
        "--scenario",
        nargs="+",
        choices=sorted(SCENARIOS),
        default=["demo"],
        metavar="NAME",
        help="content to offer: " + ", ".join(SCENARIOS),
    )
    add("--latency-ms", type=float, default=0, help="before each answer")
    add("--bandwidth", type=int, help="bytes per second for each media connection")
    add("--media-seconds", type=int, default=MediaSpec().seconds, help="length of the media")
    add("--media-kbps", type=int, default=0, help="of noise instead of a test picture")
    add("--media-padding", type=int, default=0, help="bytes added to each MP4")
    add("--api-quota", type=int, default=10_000, help="units per day")
    return parser


async def _run(options: argparse.Namespace) -> None:
    catalogue = Catalogue()
    ids = {name: SCENARIOS[name](catalogue) for name in options.scenario}
    behaviour = Behaviour(
        latency_ms=options.latency_ms,
        media_bytes_per_second=options.bandwidth,
        api_quota=options.api_quota,
    )
    media = MediaSpec(
        seconds=options.media_seconds,
        noise_kbps=options.media_kbps,
        padding=options.media_padding,
    )
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    standin = StandIn(catalogue, behaviour, media=media, folder=options.dir, port=options.port)
    async with standin:
        ready = {
            "proxy_url": standin.proxy_url,
            "ca_file": str(standin.ca_file.resolve()),
            "control_url": standin.control_url,
            "ids": ids,
        }
        sys.stdout.write(json.dumps(ready) + "\n")
        sys.stdout.flush()
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(_run(_parser().parse_args()))
