"""Row 13: the memory of a server that has nothing to do."""

from bench.processes import memory, resident, tree
from bench.report import Row, middle
from bench.world import World
from tests.harness import until

_TARGET = 90
_ROUNDS = 3


def measure(world: World) -> list[Row]:
    """MiB resident, after start-up and one round of health checks; and how many processes."""
    rounds = [_one(world) for _ in range(_ROUNDS)]
    mib = middle(found["resident"] for found in rounds)
    processes = max(found["processes"] for found in rounds)
    return [
        Row(
            number="13",
            what="idle server: memory, processes",
            peer="-",
            ours=f"{mib:.0f} MiB, {processes:.0f} process",
            ratio=None,
            target=f"< {_TARGET} MiB, no worker",
            is_met=mib < _TARGET and processes == 1,
            facts={"rounds": rounds},
        )
    ]


def _one(world: World) -> dict[str, float]:
    with world.server() as server:
        until(lambda: len(server.get("/registry/services").data) == 5, "all services registered")
        pid = server.pid
        return {"resident": resident(pid), "own": memory(pid), "processes": len(tree(pid))}
