"""Row 3: CPU of all processes, and requests to YouTube, for each of these videos."""

from bench.archiving import compare, cpu, requests
from bench.report import Row
from bench.world import World

_TARGET = 1.25


def measure(world: World) -> list[Row]:
    """Both beside one `yt-dlp` process. Starting the workers counts, as starting yt-dlp does."""
    compared = compare(world)
    peer, ours = cpu(compared.one), cpu(compared.ours)
    asked_by_peer, asked = requests(compared.one), requests(compared.ours)
    return [
        Row(
            number="3a",
            what="CPU per archived video, all processes",
            peer=f"{1000 * peer:.0f} ms, one yt-dlp",
            ours=f"{1000 * ours:.0f} ms",
            ratio=ours / peer,
            target=f"<= {_TARGET:g}x",
            is_met=ours / peer <= _TARGET,
        ),
        Row(
            number="3b",
            what="requests per archived video",
            peer=f"{asked_by_peer:.2f}, one yt-dlp",
            ours=f"{asked:.2f}",
            ratio=asked / asked_by_peer,
            target="not one more",
            is_met=asked <= asked_by_peer,
        ),
    ]
