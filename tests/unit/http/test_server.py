"""Every answer is the envelope, whatever was requested."""

import asyncio
import gzip
import json
import re
from typing import Any

import aiohttp
import pytest
from loguru import logger

from tests.unit.http.conftest import Ask
from tests.unit.http.serving import Notes, NotesAPI, serving
from ytarchive.common.config import ServerConfig
from ytarchive.common.errors import error_for_code
from ytarchive.common.models import Done
from ytarchive.common.telemetry import REGISTRY
from ytarchive.http import Listening, build_app
from ytarchive.http.guard import SAFE_HEADERS

NOTE = {"video_id": "dQw4w9WgXcQ", "text": "seen"}


async def test_a_body_is_an_envelope_or_the_bare_data(ask: Ask) -> None:
    bare = await ask("POST", "/notes", json=NOTE)
    wrapped = await ask(
        "POST",
        "/notes",
        json={"trace_id": "mine", "timestamp": "2024-01-01T00:00:00Z", "data": NOTE},
    )
    assert (bare.status, wrapped.status) == (201, 201)
    assert bare.data["text"] == wrapped.data["text"] == "seen"
    assert wrapped.body["trace_id"] == wrapped.headers["X-Trace-Id"] == "mine"


async def test_bare_data_keeps_its_own_fields_called_trace_id(ask: Ask) -> None:
    assert (await ask("POST", "/notes", json=NOTE | {"trace_id": "in the data"})).status == 201


async def test_the_trace_comes_from_the_body_then_the_header_and_is_made_otherwise(
    ask: Ask,
) -> None:
    header = {"X-Trace-Id": "from-header"}
    both = await ask("POST", "/notes", json={"trace_id": "from-body", "data": NOTE}, headers=header)
    assert both.body["trace_id"] == both.data["trace_id"] == "from-body"
    assert (await ask("GET", "/notes", headers=header)).body["trace_id"] == "from-header"
    made = (await ask("GET", "/notes")).body["trace_id"]
    assert re.fullmatch(r"[0-9a-f-]{36}", made)


@pytest.mark.parametrize("hostile", ['"};alert(1)', "a b", "x" * 200, "ü"])
async def test_a_trace_id_that_could_break_the_envelope_is_replaced(ask: Ask, hostile: str) -> None:
    answer = await ask("POST", "/notes", json=NOTE, headers={"X-Trace-Id": hostile})
    assert answer.data["trace_id"] == answer.body["trace_id"] != hostile


async def test_an_error_carries_the_trace_of_the_body(ask: Ask) -> None:
    answer = await ask("POST", "/notes", json={"trace_id": "mine", "data": {"text": 1}})
    assert answer.code == "E002"
    assert answer.body["trace_id"] == answer.headers["X-Trace-Id"] == "mine"


async def test_times_are_written_in_utc_with_z(ask: Ask) -> None:
    note = NOTE | {"written_at": "2024-05-01T12:00:00+02:00"}
    assert (await ask("POST", "/notes", json=note)).data["written_at"] == "2024-05-01T10:00:00Z"


async def test_query_fields_are_read_by_type_and_lists_repeat_their_name(ask: Ask) -> None:
    await ask("POST", "/notes", json=NOTE | {"tags": ["a", "b"]})
    await ask("POST", "/notes", json=NOTE | {"tags": ["a"]})
    found = await ask("GET", "/notes?tags=a&tags=b&limit=5&newest_first=false&since=2024-01-01")
    assert [note["tags"] for note in found.data["items"]] == [["a", "b"]]


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("limit=0", "limit"),
        ("limit=ten", "limit"),
        ("limt=5", "limt"),
        ("limit=1&limit=2", "limit"),
        ("since=yesterday", "since"),
        ("since=0001-01-01T00:00:00%2B14:00", "since"),
    ],
)
async def test_a_bad_query_field_is_refused_by_name(ask: Ask, query: str, named: str) -> None:
    answer = await ask("GET", f"/notes?{query}")
    assert (answer.status, answer.code) == (422, "E002")
    assert named in answer.body["error"]["message"]


async def test_query_fields_where_none_are_taken_are_refused(ask: Ask) -> None:
    assert (await ask("GET", "/notes/x?verbose=1")).code == "E002"
    assert (await ask("POST", "/notes?text=hi", json=NOTE)).code == "E002"


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b'"text"',
        b"null",
        b"\xff\xfe",
        b'{"text":"\xff"}',
        b'{"text":"\\ud800"}',
        b'{"context":{"n":NaN}}',
        b'{"context":{"n":Infinity}}',
        b'{"context":{"n":' + b"9" * 5000 + b"}}",
        b"[" * 200_000,
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b'{"context":' + b'{"a":' * 70 + b"1" + b"}" * 71,
        b'{"a":1}{"b":2}',
        b'{"text":"one","text":"two"}',
        b'{"context":{"a":[{"b":1,"b":1}]}}',
    ],
)
async def test_a_body_that_is_no_json_object_is_malformed(ask: Ask, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    answer = await ask("POST", "/notes", data=body, headers=headers)
    assert (answer.status, answer.code) == (400, "E003")


@pytest.mark.parametrize("number", ["1e999", "-1e999", "9223372036854775808", "1" + "0" * 400])
async def test_a_number_that_databases_cannot_store_is_refused(ask: Ask, number: str) -> None:
    body = json.dumps(NOTE)[:-1] + f', "context": {{"list": [{{"n": {number}}}]}}}}'
    headers = {"Content-Type": "application/json"}
    assert (await ask("POST", "/notes", data=body, headers=headers)).code == "E002"


async def test_64_levels_and_64_bits_are_accepted(ask: Ask) -> None:
    deep: dict[str, Any] = {"n": 2**63 - 1}
    for _ in range(60):
        deep = {"a": deep}
    answer = await ask("POST", "/notes", json=NOTE | {"context": deep})
    assert answer.data["context"] == deep


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"text": "no video"}, "video_id"),
        (NOTE | {"colour": "red"}, "colour"),
        (NOTE | {"text": "x" * 101}, "text"),
        (NOTE | {"tags": "not a list"}, "tags"),
        ({}, "video_id"),
    ],
)
async def test_invalid_fields_are_named_without_their_values(
    ask: Ask, data: dict[str, Any], field: str
) -> None:
    answer = await ask("POST", "/notes", json={"data": data})
    assert (answer.status, answer.code) == (422, "E002")
    assert list(answer.body["error"]["details"]["fields"]) in ([field], [field, "text"])
    assert "x" * 101 not in json.dumps(answer.body)


@pytest.mark.parametrize(
    "envelope",
    [
        {"data": []},
        {"data": "text"},
        {"data": NOTE, "extra": 1},
        {"data": NOTE, "timestamp": "soon"},
        {"data": NOTE, "trace_id": 5},
    ],
)
async def test_a_wrong_envelope_is_refused(ask: Ask, envelope: dict[str, Any]) -> None:
    assert (await ask("POST", "/notes", json=envelope)).code == "E002"


async def test_ids_in_the_path_may_be_addresses_and_nothing_else(ask: Ask) -> None:
    await ask("POST", "/notes", json=NOTE)
    address = "https%3A%2F%2Fwww.youtube.com%2Fwatch%3Fv%3DdQw4w9WgXcQ"
    for identifier in ("dQw4w9WgXcQ", address, "youtu.be%2FdQw4w9WgXcQ"):
        assert len((await ask("GET", f"/notes/video/{identifier}")).data) == 1
    for hostile in ("..%2F..%2Fetc%2Fpasswd", "https%3A%2F%2Fevil.com%2FdQw4w9WgXcQ", "%00"):
        answer = await ask("GET", f"/notes/video/{hostile}")
        assert (answer.status, answer.code) == (422, "E004")


async def test_an_operation_without_fields_takes_any_empty_body(ask: Ask) -> None:
    empty: list[dict[str, Any]] = [
        {},
        *({"json": b} for b in ({}, {"data": None}, {"trace_id": "t"})),
    ]
    for options in empty:
        assert (await ask("PUT", "/notes/x/lock", **options)).code == "E014"
    assert (await ask("PUT", "/notes/x/lock", json={"data": {"force": True}})).code == "E002"
    assert (await ask("PUT", "/notes/x/lock", json={"force": True})).code == "E002"


async def test_unknown_paths_and_methods_are_answered_in_the_envelope(ask: Ask) -> None:
    assert (await ask("GET", "/nothing")).code == "E006"
    assert (await ask("GET", "/notes/")).code == "E006"
    wrong = await ask("DELETE", "/notes")
    assert (wrong.status, wrong.code) == (405, "E007")
    assert wrong.headers["Allow"] == "GET, HEAD, POST"


async def test_options_lists_the_methods_and_head_sends_no_body(ask: Ask) -> None:
    options = await ask("OPTIONS", "/notes")
    assert (options.status, options.headers["Allow"]) == (204, "GET, HEAD, POST")
    head = await ask("HEAD", "/notes")
    assert (head.status, head.body) == (200, "")


class TestSmallBodies:
    """What is larger than `server.max_body_bytes` is refused, however it is sent."""

    @pytest.fixture
    def config(self) -> ServerConfig:
        return ServerConfig(max_body_bytes=2048)

    async def test_a_large_body_is_refused(self, ask: Ask) -> None:
        answer = await ask("POST", "/notes", json=NOTE | {"text": "x" * 3000})
        assert (answer.status, answer.code) == (413, "E008")

    async def test_a_gzip_bomb_is_refused(self, ask: Ask) -> None:
        bomb = gzip.compress(b" " * 20_000_000)
        headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
        assert (await ask("POST", "/notes", data=bomb, headers=headers)).code == "E008"

    async def test_broken_gzip_is_malformed(self, ask: Ask) -> None:
        headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
        assert (await ask("POST", "/notes", data=b"no gzip", headers=headers)).code == "E003"

    @pytest.mark.parametrize("coding", ["gzip", "deflate", "br"])
    @pytest.mark.parametrize(
        "sent",
        [
            "Content-Length: 8\r\n\r\nzzzzzzzz",
            "Transfer-Encoding: chunked\r\n\r\n8\r\nzzzzzzzz\r\n0\r\n\r\n",
        ],
    )
    async def test_broken_bodies_do_not_fill_the_log(
        self, server: Listening, caplog: pytest.LogCaptureFixture, coding: str, sent: str
    ) -> None:
        reader, writer = await asyncio.open_connection(server.host, server.port)
        writer.write(
            f"POST /api/v1/notes HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            f"Content-Encoding: {coding}\r\nContent-Type: application/json\r\n{sent}".encode()
        )
        said = await reader.read()  # to the end, which comes after what is logged
        writer.close()
        assert b" 400 " in said
        assert [record.name for record in caplog.records if record.levelname == "ERROR"] == []


async def test_an_error_keeps_its_code_and_details(ask: Ask) -> None:
    answer = await ask("POST", "/notes/break", json=NOTE | {"text": "region"})
    assert (answer.status, answer.code) == (451, "E112")
    assert answer.body["error"]["details"]["reason"] == "not here"


@pytest.mark.parametrize("path", ["/notes", "/no/such/path"])
@pytest.mark.parametrize("expectation", ["something-else", "200-ok"])
async def test_an_unknown_expectation_is_refused_in_the_envelope(
    ask: Ask, path: str, expectation: str
) -> None:
    headers = {"Expect": expectation, "X-Trace-Id": "mine"}
    answer = await ask("GET", path, headers=headers)
    assert (answer.status, answer.code) == (417, "E017")
    assert answer.body["trace_id"] == answer.headers["X-Trace-Id"] == "mine"
    assert answer.headers.items() >= SAFE_HEADERS.items()


@pytest.mark.parametrize(
    ("method", "path", "sent"),
    [
        ("GET", "/notes", {"headers": {"Expect": "something-else"}}),
        ("GET", "/notes", {"headers": {"Host": "elsewhere.example"}}),
        ("GET", "/notes?limit=0", {}),
        ("GET", "/no/such/path", {}),
        ("PUT", "/notes", {}),
        ("POST", "/notes", {"data": b"{", "headers": {"Content-Type": "application/json"}}),
        ("POST", "/notes", {"data": b"{}", "headers": {"Content-Type": "text/plain"}}),
        ("POST", "/notes/break", {"json": NOTE}),
    ],
)
async def test_every_error_has_its_remedy(
    ask: Ask, method: str, path: str, sent: dict[str, Any]
) -> None:
    answer = await ask(method, path, **sent)
    expected = error_for_code(answer.code).remedy
    assert answer.body["error"]["details"]["remedy"] == expected


async def test_a_crash_is_logged_under_the_trace_and_not_shown(ask: Ask) -> None:
    lines: list[str] = []
    sink = logger.add(lines.append, format="{extra[service]} {message}", level="ERROR")
    try:
        answer = await ask("POST", "/notes/break", json=NOTE | {"text": "the vault"})
    finally:
        logger.remove(sink)
    assert (answer.status, answer.code) == (500, "E020")
    assert "vault" not in json.dumps(answer.body)
    assert lines[0].startswith("storage POST /api/v1/notes/break failed: E020")
    assert "RuntimeError: secret internals of the vault" in lines[0]


async def test_a_request_that_takes_too_long_ends_with_a_timeout(
    session: aiohttp.ClientSession,
) -> None:
    class Sleepy(Notes):
        async def delete_note(self, note_id: str) -> Done:
            await asyncio.Event().wait()
            return Done()

    config = ServerConfig(request_timeout=0.05)
    async with (
        serving((NotesAPI, Sleepy()), config=config) as server,
        session.delete(f"{server.url}/api/v1/notes/x") as response,
    ):
        assert (response.status, (await response.json())["error"]["code"]) == (504, "E022")


async def test_all_answers_forbid_framing_sniffing_and_caching(ask: Ask) -> None:
    for path in ("/health", "/nothing", "/openapi.json"):
        headers = (await ask("GET", path)).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cache-Control"] == "no-store"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert not [name for name in headers if name.startswith("Access-Control")]
        assert "Python" not in headers["Server"]


@pytest.mark.parametrize(
    "raw",
    [
        b"hello\r\n\r\n",
        b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 9000 + b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    ],
)
async def test_invalid_http_is_answered_in_the_envelope(server: Listening, raw: bytes) -> None:
    reader, writer = await asyncio.open_connection(server.host, server.port)
    writer.write(raw)
    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    assert b" 400 " in head
    assert b"nosniff" in head
    assert json.loads(body)["error"]["code"] == "E015"


async def test_requests_are_counted_by_route_and_not_by_path(ask: Ask) -> None:
    labels = {"method": "GET", "path": "/api/v1/notes/{note_id}", "status": "404"}
    unmatched = {"method": "other", "path": "unmatched", "status": "404"}
    name = "ytarchive_request_duration_seconds_count"
    before = [REGISTRY.get_sample_value(name, which) or 0 for which in (labels, unmatched)]
    await ask("GET", "/notes/one")
    await ask("GET", "/notes/two")
    await ask("PATCH", "/coffee")
    after = [REGISTRY.get_sample_value(name, which) or 0 for which in (labels, unmatched)]
    assert [b - a for a, b in zip(before, after, strict=True)] == [2, 1]


async def test_prometheus_reads_the_metrics_and_the_root_names_the_documents(
    server: Listening, session: aiohttp.ClientSession
) -> None:
    async with session.get(f"{server.url}/metrics") as response:
        assert "# TYPE ytarchive_jobs gauge" in await response.text()
        assert response.content_type == "text/plain"
    async with session.get(server.url) as response:
        links = (await response.json())["data"]["links"]
    for link in links.values():
        async with session.get(server.url + link) as response:
            assert response.status == 200


async def test_an_implementation_must_inherit_from_its_contract() -> None:
    class Lookalike:
        pass

    with pytest.raises(TypeError, match="does not inherit"):
        build_app([(NotesAPI, Lookalike())], ServerConfig())
