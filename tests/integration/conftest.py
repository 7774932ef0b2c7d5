from collections.abc import Iterator

import pytest

from tests.standin import StandInProcess


@pytest.fixture(scope="module")
def youtube() -> Iterator[StandInProcess]:
    """A stand-in YouTube in a process of its own, with slow media and a playlist of 60."""
    with StandInProcess("--scenario", "playlist60", "--media-padding", "400000") as process:
        yield process


@pytest.fixture(autouse=True)
def fresh(request: pytest.FixtureRequest) -> None:
    """Reset counters and faults after each test."""
    if "youtube" in request.fixturenames:
        standin: StandInProcess = request.getfixturevalue("youtube")
        standin.clear_faults()
        standin.reset()
