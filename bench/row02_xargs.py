"""Row 2: the same, against eight `yt-dlp` processes at a time, with some videos each."""

from bench.archiving import Comparison, compare_all, wall
from bench.report import Row
from bench.world import World

_TARGETS = {0.3: 1.4, 4.0: 1.5}


def measure(world: World) -> list[Row]:
    """Seconds from the request to the job's end, and of the whole run of xargs."""
    return [_row(each) for each in compare_all(world)]


def _row(compared: Comparison) -> Row:
    workload = compared.workload
    peer, ours = wall(compared.xargs), wall(compared.ours)
    target = _TARGETS.get(workload.megabytes, 0)
    return Row(
        number="2",
        what=f"archive {workload.name}",
        peer=f"{peer:.2f} s, xargs -P 8 -n {workload.per_process} yt-dlp",
        ours=f"{ours:.2f} s",
        ratio=peer / ours,
        target=f">= {target:g}x faster, same files" if target else "same files",
        is_met=peer / ours >= target and compared.same_files,
    )
