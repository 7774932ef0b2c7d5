"""Row 12: how soon the command line answers, against `yt-dlp --version`."""

from pathlib import Path

from bench.processes import Cost, run
from bench.report import Row, middle
from bench.world import World, program

_TARGET = 0.4
_ROUNDS = 9


def measure(world: World) -> list[Row]:
    """Seconds on the clock, medians of rounds that run in turn; CPU is among the facts."""
    folder = world.folder()
    commands: dict[str, list[str | Path]] = {
        "yt-dlp --version": [program("yt-dlp"), "--ignore-config", "--version"],
        "ytarchive --version": [program("ytarchive"), "--version"],
        "ytarchive --help": [program("ytarchive"), "--help"],
    }
    for command in commands.values():
        run(command, folder)  # compiles and reads from the disk what the rounds find in memory
    costs: dict[str, list[Cost]] = {name: [] for name in commands}
    for _ in range(_ROUNDS):
        for name, command in commands.items():
            costs[name].append(run(command, folder))
    (peer, _), *ours = costs.items()
    return [
        _row(letter, name, costs[name], peer, costs[peer])
        for letter, (name, _) in zip("ab", ours, strict=True)
    ]


def _row(letter: str, name: str, ours: list[Cost], peer: str, peers: list[Cost]) -> Row:
    took, peer_took = middle(c.wall for c in ours), middle(c.wall for c in peers)
    return Row(
        number=f"12{letter}",
        what=name,
        peer=f"{1000 * peer_took:.0f} ms, {peer}",
        ours=f"{1000 * took:.0f} ms",
        ratio=took / peer_took,
        target=f"<= {_TARGET:g}x",
        is_met=took / peer_took <= _TARGET,
        facts={"cpu": middle(c.cpu for c in ours), "peer_cpu": middle(c.cpu for c in peers)},
    )
