"""Row 1: 60 new videos, against one `yt-dlp` process over the same list."""

from bench.archiving import VIDEOS, compare, wall
from bench.report import Row
from bench.world import World

_TARGET = 7.0


def measure(world: World) -> list[Row]:
    """Seconds from the request to the job's end, and of the whole run of yt-dlp."""
    compared = compare(world)
    peer, ours = wall(compared.one), wall(compared.ours)
    return [
        Row(
            number="1",
            what=f"archive {VIDEOS} new videos",
            peer=f"{peer:.1f} s, one yt-dlp",
            ours=f"{ours:.2f} s",
            ratio=peer / ours,
            target=f">= {_TARGET:g}x faster, same files",
            is_met=peer / ours >= _TARGET and compared.same_files,
            facts=compared.facts(),
        )
    ]
