from collections.abc import Iterator

import pytest

from tests.standin import StandInProcess

pytest.register_assert_rewrite("tests.reliability.kills")


@pytest.fixture(scope="module")
def slow_youtube() -> Iterator[StandInProcess]:
    """A stand-in whose transfers take most of a second each."""
    options = ("--media-padding", "3000000", "--bandwidth", "4000000")
    with StandInProcess("--scenario", "playlist60", *options) as youtube:
        yield youtube
