"""Row 12: how soon the command line answers, against `yt-dlp --version`."""

from bench.processes import Cost, run
from bench.report import Row, middle
from bench.world import World, program

_TARGET = 0.4
_ROUNDS = 9


def measure(world: World) -> list[Row]:
    """Seconds on the clock, medians of rounds that run in turn; CPU is among the facts."""
    folder = world.folder()
    commands = {
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
    peer, *ours = ({"name": name} | _medians(found) for name, found in costs.items())
    return [_row(letter, each, peer) for letter, each in zip("ab", ours, strict=True)]


def _medians(costs: list[Cost]) -> dict[str, float]:
    return {"wall": middle(c.wall for c in costs), "cpu": middle(c.cpu for c in costs)}


def _row(letter: str, ours: dict[str, float], peer: dict[str, float]) -> Row:
    ratio = ours["wall"] / peer["wall"]
    return Row(
        number=f"12{letter}",
        what=str(ours["name"]),
        peer=f"{1000 * peer['wall']:.0f} ms, {peer['name']}",
        ours=f"{1000 * ours['wall']:.0f} ms",
        ratio=ratio,
        target=f"<= {_TARGET:g}x",
        is_met=ratio <= _TARGET,
        facts={"ours": ours, "peer": peer},
    )
