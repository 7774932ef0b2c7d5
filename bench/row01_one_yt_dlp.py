"""Row 1: new videos of three sizes, against one `yt-dlp` process over the same list."""

from dataclasses import replace

from bench.archiving import compare_all, wall_row
from bench.report import Row
from bench.world import World

_TARGETS = {0.3: 7.0, 4.0: 7.0}


def measure(world: World) -> list[Row]:
    """Seconds from the request to the job's end, and of the whole run of yt-dlp."""
    return [
        replace(wall_row("1", each, each.one, "one yt-dlp", _TARGETS), facts=each.facts())
        for each in compare_all(world)
    ]
