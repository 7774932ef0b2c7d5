"""A registered service may be any program at any address: its answer is not trusted.

Such hosts cannot be provided by a test, so aioresponses answers in their place.
"""

from collections.abc import Iterator
from typing import Any
from unittest.mock import Mock

import aiohttp
import pytest
from aiohttp.abc import AbstractStreamWriter
from aioresponses import aioresponses
from yarl import URL

from ytarchive.common.models import utc_now
from ytarchive.composition import says_healthy
from ytarchive.jobs import ServiceRegistry

HEALTH = "http://media-box.lan:8002/api/v1/health"
ENTRY = ServiceRegistry(
    service_name="download",
    url="http://media-box.lan",
    port=8002,
    health_endpoint="/api/v1/health",
    last_health_check=utc_now(),
    is_healthy=False,
)


class Answer(aiohttp.ClientResponse):
    """What aioresponses 0.7.9 makes of an answer, and the writer that aiohttp wants since 3.14."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs, stream_writer=Mock(AbstractStreamWriter))


@pytest.fixture
def network() -> Iterator[aioresponses]:
    """A network in which only the configured answers exist."""
    with aioresponses() as network:
        yield network


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('{"success": true, "data": {"status": "healthy"}}', True),
        ('{"success": true, "data": {"status": "unhealthy"}}', False),
        ('{"success": true, "data": {"status": true}}', False),
        ('{"success": true, "data": "healthy"}', False),
        ('["healthy"]', False),
        ('"healthy"', False),
    ],
)
async def test_only_the_status_healthy_is_accepted(
    network: aioresponses, session: aiohttp.ClientSession, body: str, expected: bool
) -> None:
    network.get(HEALTH, response_class=Answer, body=body)
    assert await says_healthy(session, ENTRY, None) is expected


@pytest.mark.parametrize("body", ["", "<html>", "{", "[" * 2**17, " " * 2**16 + "{}"])
async def test_an_answer_that_is_no_json_or_endless_is_an_error(
    network: aioresponses, session: aiohttp.ClientSession, body: str
) -> None:
    network.get(HEALTH, response_class=Answer, body=body)
    with pytest.raises(ValueError, match=r"expected|EOF|too long|recursion"):
        await says_healthy(session, ENTRY, None)


async def test_redirects_are_not_followed_and_no_token_is_sent(
    network: aioresponses, session: aiohttp.ClientSession
) -> None:
    network.get(
        HEALTH,
        response_class=Answer,
        status=302,
        headers={"Location": "http://169.254.169.254/"},
        body="{}",
    )
    assert not await says_healthy(session, ENTRY, None)
    [(asked, [request])] = network.requests.items()
    assert asked == ("GET", URL(HEALTH))
    assert request.kwargs["headers"] == {}


async def test_a_service_of_the_settings_gets_the_token(
    network: aioresponses, session: aiohttp.ClientSession
) -> None:
    network.get(
        HEALTH, response_class=Answer, body='{"success": true, "data": {"status": "healthy"}}'
    )
    assert await says_healthy(session, ENTRY, "secret")
    [[request]] = network.requests.values()
    assert request.kwargs["headers"] == {"Authorization": "Bearer secret"}
