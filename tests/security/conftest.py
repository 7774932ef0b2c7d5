"""A real server without access to YouTube, and the state that no request may change."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.harness import Server, environment, until

NOWHERE = {"network__proxy": "http://127.0.0.1:9"}


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """`ytarchive serve` as a user starts it."""
    base_path = tmp_path_factory.mktemp("security") / "archive"
    with Server(environment(base_path, None, **NOWHERE)) as running:
        until(lambda: len(running.get("/registry/services").data) == 5, "all services registered")
        yield running


def state(server: Server) -> dict[str, Any]:
    """Everything that a request could have changed."""
    services = server.get("/registry/services").data
    stats = server.get("/storage/stats").data
    return {
        "jobs": server.get("/jobs?limit=500&expand=true").data,
        "services": [(each["service_name"], each["url"]) for each in services],
        "library": {name: stats[name] for name in stats if name.startswith(("total", "work"))},
        "governor": server.get("/governor").data["state"],
        "quota": server.get("/metadata/quota").data["used"],
        "plans": server.get("/storage/work-plans").data,
        "verification": server.get("/storage/verify").envelope["data"],
    }
