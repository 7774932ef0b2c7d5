"""Requests made to break the server: refused in the envelope, in bounded memory, without a 5xx."""

import json
import re
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.harness import Answer, Server, call
from tests.reliability.test_api_fuzz import BOMBS
from tests.security.conftest import state
from ytarchive.http import openapi_document

LISTS = ["/jobs", "/logs", "/availability", "/storage/work-plans", "/storage/videos"]
REFUSAL = re.compile(rb'HTTP/1\.[01] 4\d\d .*\r\n\r\n{"success": ?false,', re.DOTALL)
JOB = {"type": "VIDEO_DOWNLOAD", "video_ids": ["dQw4w9WgXcQ"]}


def refusal(answer: Answer) -> int:
    """The status of an answer, which must be an error in the envelope."""
    assert set(answer.envelope) == {"success", "data", "error", "trace_id"}, answer.body[:500]
    assert answer.code
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    return answer.status


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize(
    "query",
    ["limit=1000000", "limit=-1", "limit=0", f"limit={'9' * 5000}", "limit=1e9", "limit=NaN",
     "limit=0x10", "limit=1&limit=2", "offset=99999999", "cursor=%00", f"cursor={'A' * 7000}",
     "cursor=..%2F..%2Fjobs.db", "cursor=%FF%FE", "%00=1", f"{'n' * 7000}=1", "__class__=x",
     "&".join(f"a{n}=1" for n in range(900))],
    ids=lambda query: query[:24],
)  # fmt: skip
def test_a_hostile_query_is_refused(server: Server, path: str, query: str) -> None:
    assert refusal(server.get(f"{path}?{query}")) in {400, 422}


@pytest.mark.parametrize(
    "target",
    ["../../etc/passwd", "..", ".", "%00", "a" * 5000, "-", "--exec", "日本語日本語日本語日本",
     "file:///etc/passwd", "http://127.0.0.1:22/", "https://evil.example/watch?v=dQw4w9WgXcQ",
     "https://youtube.com.evil.example/watch?v=dQw4w9WgXcQ", "dQw4w9WgXcQ;id", "$(id)", "%2e%2e"],
    ids=lambda target: repr(target[:24]),
)  # fmt: skip
def test_only_ids_reach_a_path(server: Server, target: str) -> None:
    """At every address that takes one: what is no id is refused by its form, or is not found."""
    for path, methods in json.loads(openapi_document())["paths"].items():
        if "{" in path and "get" in methods:
            named = re.sub(r"{\w+}", quote(target, safe=""), path)
            answer = call("GET", server.url + named)
            if "/logs/services/" in path:
                assert answer.status < 500  # any text may be asked for; nothing has that name
            else:
                assert refusal(answer) in {400, 404, 422}


@pytest.mark.parametrize(
    "line",
    ["GET /" + "a" * 9000, "GET /api/v1/jobs?" + "a" * 9000, "GET / HTTP/9.9", "\x00\x01\x02"],
    ids=lambda line: repr(line[:20]),
)
def test_a_line_too_long_or_no_line_at_all_is_refused(server: Server, line: str) -> None:
    answer = answer_to(server, f"{line} HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert REFUSAL.match(answer), answer[:300]


@pytest.mark.parametrize(
    "headers",
    [
        "X-Long: " + "a" * 9000 + "\r\n",
        "".join(f"X-{n}: 1\r\n" for n in range(500)),
        "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length: 4\r\nContent-Length: 5\r\n",
        "Content-Length: -1\r\n",
        f"Content-Length: {'9' * 400}\r\n",
        "Bad Header: 1\r\n",
    ],
    ids=lambda headers: headers[:24],
)
def test_headers_too_long_too_many_or_contradictory_are_refused(
    server: Server, headers: str
) -> None:
    head = f"POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\n{headers}"
    answer = answer_to(server, f"{head}\r\nbody")
    assert REFUSAL.match(answer), answer[:300]


def answer_to(server: Server, request: str) -> bytes:
    """All bytes that the server sends for a request, until it closes the connection."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.sendall(request.encode("latin-1"))
        return b"".join(iter(lambda: connection.recv(65_536), b""))


@pytest.mark.parametrize(
    "body",
    [
        b'{"type":"VIDEO_DOWNLOAD","type":"METADATA_ONLY","video_ids":["dQw4w9WgXcQ"]}',
        b'{"data":{"type":"VIDEO_DOWNLOAD","video_ids":["dQw4w9WgXcQ"],"video_ids":[]}}',
        json.dumps(JOB | {"video_ids": ["dQw4w9WgXcQ"] * 100_001}).encode(),
        json.dumps(JOB | {"options": {"quality": "best; rm -rf /"}}).encode(),
        json.dumps(JOB | {"options": {"caption_languages": ["a"] * 51}}).encode(),
        json.dumps(JOB | {"options": {"exec": "id", "outtmpl": "/tmp/x"}}).encode(),
        json.dumps(JOB | {"video_ids": ["https://evil.example/?v=dQw4w9WgXcQ"]}).encode(),
    ],
    ids=range(7),
)
def test_fields_beyond_the_schema_are_refused(server: Server, body: bytes) -> None:
    """Names given twice, lists without end, options of yt-dlp, ids that are none."""
    before = state(server)
    assert refusal(call("POST", f"{server.url}/api/v1/jobs", body)) in {400, 422}
    assert state(server) == before


@pytest.mark.parametrize(
    "place",
    ["..", "/tmp", "videos/../../x", "a\0b", "link", "link/deeper", ".ytarchive", "logs", "a\nb",
     "x" * 300],
)  # fmt: skip
def test_a_place_outside_the_archive_is_refused_through_links_too(
    server: Server, tmp_path: Path, place: str
) -> None:
    link = Path(server.environment["YTARCHIVE_STORAGE__BASE_PATH"]) / "link"
    if not link.is_symlink():
        link.symlink_to(tmp_path.parent)
    video = {"video_id": "dQw4w9WgXcQ", "quality": "best", "output_path": place}
    assert refusal(server.post("/download/video", video)) == 422
    assert refusal(server.post("/jobs", JOB | {"options": {"output_dir": place}})) == 422


def test_many_bombs_at_once_cost_little_memory(server: Server) -> None:
    """Twenty bodies of 64 MiB in a few KiB each: a GiB and more, were they unpacked."""
    before = peak_memory(server)

    def throw(encoding: str) -> Answer:
        headers = {"Content-Encoding": encoding}
        return call("POST", f"{server.url}/api/v1/jobs", BOMBS[encoding], headers)

    with ThreadPoolExecutor(20) as pool:
        for answer in pool.map(throw, list(BOMBS) * 4):
            assert refusal(answer) in {400, 413, 415}
    assert peak_memory(server) - before < 400 * 2**20


def peak_memory(server: Server) -> int:
    """Bytes that the server's process had at most."""
    assert server.process is not None
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found
    return int(found[1]) * 1024
