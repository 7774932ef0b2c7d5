"""Row 1: new videos of three sizes, against one `yt-dlp` process over the same list."""

from bench.archiving import Comparison, compare_all, wall
from bench.report import Row
from bench.world import World

_TARGETS = {0.3: 7.0, 4.0: 7.0}


def measure(world: World) -> list[Row]:
    """Seconds from the request to the job's end, and of the whole run of yt-dlp."""
    return [_row(each) for each in compare_all(world)]


def _row(compared: Comparison) -> Row:
    workload = compared.workload
    peer, ours = wall(compared.one), wall(compared.ours)
    target = _TARGETS.get(workload.megabytes, 0)
    return Row(
        number="1",
        what=f"archive {workload.name}",
        peer=f"{peer:.1f} s, one yt-dlp",
        ours=f"{ours:.2f} s",
        ratio=peer / ours,
        target=f">= {target:g}x faster, same files" if target else "same files",
        is_met=peer / ours >= target and compared.same_files,
        facts=compared.facts(),
    )
