"""Row 3: CPU and requests to YouTube for each of these videos."""

from bench.archiving import Comparison, Workload, compare_all
from bench.report import Row
from bench.world import World

_CPU_TARGETS = {0.3: 1.25, 4.0: 1.1}
_SERVER_TARGETS = {4.0: 0.015}


def measure(world: World) -> list[Row]:
    """Both compared with one `yt-dlp` process; the start of workers and of yt-dlp counts."""
    return [row for each in compare_all(world) for row in _rows(each)]


def _rows(compared: Comparison) -> list[Row]:
    workload = compared.workload
    return [_cpu(compared, workload), _server(compared, workload), _requests(compared, workload)]


def _cpu(compared: Comparison, workload: Workload) -> Row:
    peer, ours = compared.cpu(compared.one), compared.cpu(compared.ours)
    target = _CPU_TARGETS.get(workload.megabytes)
    return Row(
        number="3a",
        what=f"CPU per video of {workload.megabytes:g} MB, all processes",
        peer=f"{1000 * peer:.0f} ms, one yt-dlp",
        ours=f"{1000 * ours:.0f} ms",
        ratio=ours / peer,
        target=f"<= {target:g}x" if target else "-",
        is_met=target is None or ours / peer <= target,
    )


def _server(compared: Comparison, workload: Workload) -> Row:
    server = compared.server_cpu
    workers = compared.cpu(compared.ours) - server
    target = _SERVER_TARGETS.get(workload.megabytes)
    return Row(
        number="3b",
        what=f"of which the server, per video of {workload.megabytes:g} MB",
        peer=f"{1000 * workers:.0f} ms, the workers and their programs",
        ours=f"{1000 * server:.1f} ms",
        ratio=None,
        target=f"<= {1000 * target:.0f} ms" if target else "-",
        is_met=target is None or server <= target,
    )


def _requests(compared: Comparison, workload: Workload) -> Row:
    peer, ours = compared.requests(compared.one), compared.requests(compared.ours)
    return Row(
        number="3c",
        what=f"requests per video of {workload.megabytes:g} MB",
        peer=f"{peer:.2f}, one yt-dlp",
        ours=f"{ours:.2f}",
        ratio=ours / peer,
        target="not one more",
        is_met=ours <= peer,
    )
