"""Any request to any endpoint is answered in the envelope, and never with a 5xx."""

import gzip
import json
import zlib
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import brotli  # type: ignore[import-untyped]  # comes with yt-dlp, published without types
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode

from tests.harness import Answer, Server, call, environment
from tests.reliability.scale import FULL, SEED
from tests.standin import StandInProcess
from ytarchive.http import openapi_document

EXAMPLES = 200 if FULL else 10
ENVELOPE = {"success", "data", "error", "trace_id"}
SCHEMA: Any = schemathesis.openapi.from_dict(json.loads(openapi_document()))
ENDLESS = "GET /api/v1/events"
"""A valid request for the stream of events has no end; the contract tests read it."""
OPERATIONS = [
    found for each in SCHEMA.get_all_operations() if (found := each.ok()).label != ENDLESS
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    base_path = tmp_path_factory.mktemp("fuzz") / "archive"
    with StandInProcess("--scenario", "states") as youtube:
        with Server(environment(base_path, youtube)) as running:
            yield running
        lines = running.log.read_text().splitlines()
        assert [
            line for line in lines if "unexpected failure" in line or "never retrieved" in line
        ] == []


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)
def test_no_request_is_answered_with_a_5xx(
    server: Server, operation: Any, mode: GenerationMode
) -> None:
    """Requests that fit the schema of `/api/v1/openapi.json`, and such that break it."""

    @seed(SEED)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def send(case: Any) -> None:
        response = case.call(base_url=server.url, timeout=60)
        assert response.status_code < 500, (case.as_curl_command(), response.text)
        if "application/json" in response.headers["content-type"][0]:
            assert set(response.json()) == ENVELOPE

    with suppress(Unsatisfiable):  # nothing can be wrong with a request without fields
        send()


def nested(levels: int) -> bytes:
    return b'{"data":' + b'{"a":' * levels + b"1" + b"}" * levels + b"}"


HUGE = b'{"data":{"type":"VIDEO_DOWNLOAD","video_ids":["dQw4w9WgXcQ"],"options":{"priority":%s}}}'
BODIES = {
    "200,000 levels of objects": nested(200_000),
    "200,000 levels of lists": b'{"data":' + b"[" * 200_000 + b"]" * 200_000 + b"}",
    "levels without an end": b"[" * 200_000,
    "bytes that are not UTF-8": b'{"data":{"video_ids":["\xff\xfe\xc0\x80"]}}',
    "half a character": HUGE.replace(b"dQw4w9WgXcQ", b"\\ud800") % b"1",
    "an integer of 100,000 digits": HUGE % (b"9" * 100_000),
    "an integer beyond 64 bits": HUGE % b"9223372036854775808",
    "a float beyond all": HUGE % b"1e999999",
    "NaN": HUGE % b"NaN",
    "Infinity": HUGE % b"-Infinity",
    "a list in the place of an object": b"[]",
    "nothing but a number": b"1",
    "a zero byte": b'{"data":{"\x00":1}}',
    "an unknown field": b'{"data":{"__class__":"os.system"}}',
    "a body above the limit": b" " * (9 * 2**20),
}


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("path", ["/jobs", "/logs", "/metadata/batch"])
def test_a_hostile_body_is_refused_and_the_server_continues(
    server: Server, path: str, name: str
) -> None:
    refused(call("POST", f"{server.url}/api/v1{path}", BODIES[name]), {400, 413, 422})
    assert server.get("/health").status == 200


SPACES = b" " * 2**26
BOMBS = {
    "gzip": gzip.compress(SPACES),
    "deflate": zlib.compress(SPACES),
    "br": brotli.compress(SPACES, quality=1),
    "zstd": gzip.compress(SPACES),
    "gzip, gzip": gzip.compress(gzip.compress(SPACES)),
}


@pytest.mark.parametrize("encoding", BOMBS)
def test_a_compressed_body_cannot_grow_beyond_the_limit(server: Server, encoding: str) -> None:
    """64 MiB of spaces in a few KiB."""
    url, headers = f"{server.url}/api/v1/jobs", {"Content-Encoding": encoding}
    refused(call("POST", url, BOMBS[encoding], headers), {400, 413, 415})
    assert server.get("/health").status == 200


def refused(answer: Answer, statuses: set[int]) -> None:
    assert answer.status in statuses, answer.body[:500]
    assert set(answer.envelope) == ENVELOPE
    assert answer.code
