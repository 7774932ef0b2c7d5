"""Row 2: the same, against eight `yt-dlp` processes at a time, with some videos each."""

from bench.archiving import Comparison, compare_all, wall_row
from bench.report import Row
from bench.world import World

_TARGETS = {0.3: 1.4, 4.0: 1.5}


def measure(world: World) -> list[Row]:
    """Seconds from the request to the job's end, and of the whole run of xargs."""
    return [
        wall_row("2", each, each.xargs, _command(each), _TARGETS) for each in compare_all(world)
    ]


def _command(compared: Comparison) -> str:
    return f"xargs -P 8 -n {compared.workload.per_process} yt-dlp"
