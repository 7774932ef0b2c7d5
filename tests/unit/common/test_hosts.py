"""The hosts to which requests, and the token, may be sent."""

import pytest

from ytarchive.common.hosts import is_loopback, same_address, seen_from

HERE = "http://127.0.0.1:8000"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.8.8", "::1"])
def test_these_are_loopback(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["", "0.0.0.0", "::", "10.0.0.1", "localhost.example", "::2"])
def test_these_are_not(host: str) -> None:
    assert not is_loopback(host)


def test_the_names_of_loopback_are_one_address() -> None:
    assert same_address("http://localhost:8002", "http://127.0.0.1:8002/")
    assert same_address("http://a.example", "http://a.example:80")
    assert not same_address("http://127.0.0.1:8002", "http://127.0.0.1:8003")
    assert not same_address("http://a.example:8002", "http://127.0.0.1:8002")


@pytest.mark.parametrize(
    ("server", "registered", "expected"),
    [
        ("http://localhost:8000", HERE, "http://localhost:8000"),
        ("http://localhost:8000", "http://127.0.0.1:8002", "http://127.0.0.1:8002"),
        # A server with one port, seen from another machine or through a proxy.
        ("https://nas.example", HERE, "https://nas.example"),
        # One with a port for each service.
        ("http://nas.example:8000", "http://127.0.0.1:8002", "http://nas.example:8002"),
        ("http://[fd00::1]:8000", "http://127.0.0.1:8002", "http://[fd00::1]:8002"),
        # A host that only the server names is not asked; one that the settings name is.
        (HERE, "http://attacker.example:8002", HERE),
        (HERE, "http://worker.example:8002", "http://worker.example:8002"),
    ],
)
def test_registered_services_are_reached_from_the_clients_machine(
    server: str, registered: str, expected: str
) -> None:
    known = frozenset({"worker.example"})
    assert seen_from(server, registered, HERE, known) == expected
