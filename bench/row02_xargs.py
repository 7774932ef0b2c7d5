"""Row 2: the same, against eight `yt-dlp` processes at a time, eight videos each."""

from bench.archiving import VIDEOS, compare, wall
from bench.report import Row
from bench.world import World

_TARGET = 1.4


def measure(world: World) -> list[Row]:
    """Seconds from the request to the job's end, and of the whole run of xargs."""
    compared = compare(world)
    peer, ours = wall(compared.xargs), wall(compared.ours)
    return [
        Row(
            number="2",
            what=f"archive {VIDEOS} new videos",
            peer=f"{peer:.2f} s, xargs -P 8 -n 8 yt-dlp",
            ours=f"{ours:.2f} s",
            ratio=peer / ours,
            target=f">= {_TARGET:g}x faster, same files",
            is_met=peer / ours >= _TARGET and compared.same_files,
        )
    ]
