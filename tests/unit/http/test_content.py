"""Content over HTTP, as a browser and any other program asks for it."""

import os
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from tests.unit.http.serving import serving
from ytarchive.common.config import StorageConfig
from ytarchive.common.content import Content
from ytarchive.common.errors import ContentChanged, NotFound, ServiceUnavailable
from ytarchive.common.file_names import stored_name
from ytarchive.http import Listening, remote
from ytarchive.storage import ContentAPI, LocalMediaStore, VideoFile
from ytarchive.storage.content.service import StoredContent
from ytarchive.storage.store.layout import Layout

VIDEO = "dQw4w9WgXcQ"
DATA = bytes(range(256)) * 4
MODIFIED = 1_700_000_000
AT_THAT_TIME = "Tue, 14 Nov 2023 22:13:20 GMT"
BEFORE, AFTER = "Tue, 14 Nov 2023 22:13:19 GMT", "Tue, 14 Nov 2023 22:13:21 GMT"


async def content_of(path: Path) -> Content:
    """The content of a file, served from the folder that it is in."""
    store = LocalMediaStore(Layout.of(StorageConfig(base_path=path.parent)))
    return await StoredContent.of(store, stored_name(path.name))


class OneFile(ContentAPI):
    """Returns one file for any request."""

    def __init__(self, path: Path) -> None:
        self.path = path

    async def list_files(self, video_id: str) -> list[VideoFile]:
        """No files."""
        return []

    async def get_file(self, video_id: str, name: str) -> Content:
        """The file."""
        return await content_of(self.path)

    async def get_media(self, video_id: str) -> Content:
        """The file."""
        return await content_of(self.path)

    async def get_thumbnail(self, video_id: str) -> Content:
        """Nothing."""
        raise NotFound("there is no thumbnail")

    async def get_captions(self, video_id: str, name: str) -> Content:
        """The file."""
        return await content_of(self.path)

    async def get_cleaned_captions(self, video_id: str, name: str) -> Content:
        """The file."""
        return await content_of(self.path)


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes


Ask = Callable[..., Awaitable[Answer]]


def write(path: Path, data: bytes) -> None:
    path.write_bytes(data)


def renamed(path: Path, name: str) -> Path:
    return path.rename(path.with_name(name))


def grow(path: Path, size: int) -> None:
    """Make a file larger, with a hole that takes no space."""
    os.truncate(path, size)


def is_open(path: Path) -> bool:
    """Whether this process has the file open."""
    folder = "/proc/self/fd"
    return any(os.path.realpath(f"{folder}/{each}") == str(path) for each in os.listdir(folder))  # noqa: PTH208  # names of descriptors


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / f"{VIDEO}.mp4"
    path.write_bytes(DATA)
    os.utime(path, (MODIFIED, MODIFIED))
    return path


@pytest.fixture
async def server(file: Path) -> AsyncIterator[Listening]:
    async with serving((ContentAPI, OneFile(file))) as listening:
        yield listening


@pytest.fixture
def ask(server: Listening, session: aiohttp.ClientSession) -> Ask:
    async def asked(method: str = "GET", name: str = "media", **headers: str) -> Answer:
        url = f"{server.url}/api/v1/storage/videos/{VIDEO}/{name}"
        sent = {header.replace("_", "-"): value for header, value in headers.items()}
        async with session.request(method, url, headers=sent) as response:
            return Answer(response.status, response.headers, await response.read())

    return asked


async def test_complete_file_is_sent_with_headers_for_browsers(ask: Ask) -> None:
    answer = await ask()
    assert (answer.status, answer.body) == (200, DATA)
    sent = answer.headers
    assert (sent["Content-Type"], sent["Content-Length"]) == ("video/mp4", "1024")
    assert (sent["Accept-Ranges"], sent["Last-Modified"]) == ("bytes", AT_THAT_TIME)
    assert sent["Content-Disposition"] == f'inline; filename="{VIDEO}.mp4"'
    assert sent["Cache-Control"] == "private, no-cache"
    assert (sent["X-Content-Type-Options"], sent["Referrer-Policy"]) == ("nosniff", "no-referrer")
    assert "default-src 'none'" in sent["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in sent["Content-Security-Policy"]
    assert "X-Trace-Id" in sent
    assert "Access-Control-Allow-Origin" not in sent


async def test_head_sends_the_same_headers_and_no_bytes(ask: Ask) -> None:
    got, head = await ask(), await ask("HEAD", Range="bytes=0-1")
    assert (head.status, head.body) == (200, b"")
    changing = {"Date", "X-Trace-Id"}
    assert {k: v for k, v in head.headers.items() if k not in changing} == {
        k: v for k, v in got.headers.items() if k not in changing
    }


@pytest.mark.parametrize(
    ("wanted", "part", "sent"),
    [
        ("bytes=0-9", DATA[:10], "bytes 0-9/1024"),
        ("bytes=1000-", DATA[1000:], "bytes 1000-1023/1024"),
        ("bytes=-24", DATA[1000:], "bytes 1000-1023/1024"),
        ("bytes=0-", DATA, "bytes 0-1023/1024"),
    ],
)
async def test_part_is_sent_as_206(ask: Ask, wanted: str, part: bytes, sent: str) -> None:
    answer = await ask(Range=wanted)
    assert (answer.status, answer.body) == (206, part)
    assert answer.headers["Content-Range"] == sent
    assert answer.headers["Content-Length"] == str(len(part))


async def test_several_parts_are_answered_with_everything(ask: Ask) -> None:
    answer = await ask(Range="bytes=0-1,4-5")
    assert (answer.status, answer.body) == (200, DATA)


async def test_part_beyond_the_end_is_416_in_the_envelope(ask: Ask) -> None:
    answer = await ask(Range="bytes=1024-")
    assert (answer.status, answer.headers["Content-Range"]) == (416, "bytes */1024")
    assert b'"E019"' in answer.body
    assert answer.headers["Cache-Control"] == "no-store"


async def test_known_version_is_not_sent_again(ask: Ask) -> None:
    tag = (await ask()).headers["ETag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        answer = await ask(If_None_Match=known)
        assert (answer.status, answer.body) == (304, b"")
        assert answer.headers["ETag"] == tag
        assert answer.headers["Cache-Control"] == "private, no-cache"
    assert (await ask(If_None_Match='"other"')).status == 200
    assert (await ask("HEAD", If_None_Match=tag)).status == 304


@pytest.mark.parametrize(("since", "status"), [(BEFORE, 200), (AT_THAT_TIME, 304), (AFTER, 304)])
async def test_file_is_not_sent_again_if_it_is_not_later(ask: Ask, since: str, status: int) -> None:
    assert (await ask(If_Modified_Since=since)).status == status
    assert (await ask(If_Modified_Since=since, If_None_Match='"other"')).status == 200


async def test_part_is_sent_only_of_the_same_version(ask: Ask) -> None:
    tag = (await ask()).headers["ETag"]
    for same in (tag, AT_THAT_TIME):
        assert (await ask(Range="bytes=0-1", If_Range=same)).status == 206
    for other in ('"other"', f"W/{tag}", BEFORE, AFTER, "nonsense"):
        answer = await ask(Range="bytes=0-1", If_Range=other)
        assert (answer.status, answer.body) == (200, DATA)


async def test_other_version_is_refused_where_one_is_required(ask: Ask) -> None:
    tag = (await ask()).headers["ETag"]
    assert (await ask(If_Match=tag)).status == 200
    refused = await ask(If_Match='"other"')
    assert refused.status == 412
    assert b'"E018"' in refused.body
    assert (await ask(If_Match=f"W/{tag}")).status == 412
    assert (await ask(If_Unmodified_Since=BEFORE)).status == 412
    assert (await ask(If_Unmodified_Since=AT_THAT_TIME)).status == 200


async def test_missing_content_is_an_error_in_the_envelope(ask: Ask) -> None:
    answer = await ask(name="thumbnail")
    assert answer.status == 404
    assert b'"E013","message":"there is no thumbnail"' in answer.body
    assert answer.headers["Cache-Control"] == "no-store"
    assert (await ask("HEAD", name="thumbnail")).status == 404


async def test_empty_file_is_sent(ask: Ask, file: Path) -> None:
    write(file, b"")
    answer = await ask()
    assert (answer.status, answer.body, answer.headers["Content-Length"]) == (200, b"", "0")


@pytest.mark.parametrize(
    ("name", "header"),
    [
        (
            "Gr\u00f6\u00dfe.mp4",
            "inline; filename=\"Gr__e.mp4\"; filename*=UTF-8''Gr%C3%B6%C3%9Fe.mp4",
        ),
        ('a"b\r\nX-Evil: 1;\u202e.mp4', 'inline; filename="a_b__X-Evil_ 1;_.mp4"'),
    ],
)
async def test_name_of_a_file_cannot_break_the_header(
    ask: Ask, server: Listening, session: aiohttp.ClientSession, file: Path, name: str, header: str
) -> None:
    file = renamed(file, name)
    async with serving((ContentAPI, OneFile(file))) as other:
        url = f"{other.url}/api/v1/storage/videos/{VIDEO}/media"
        async with session.get(url) as response:
            assert response.headers["Content-Disposition"] == header
            assert "X-Evil" not in response.headers
        found = await remote(ContentAPI, session, other.url).get_media(VIDEO)
    assert found.name == (await content_of(file)).name


async def test_large_file_is_not_read_into_memory(ask: Ask, file: Path) -> None:
    size = 2**32 + 5
    grow(file, size)
    tracemalloc.start()
    try:
        answer = await ask(Range="bytes=-100")
        assert answer.headers["Content-Range"] == f"bytes {size - 100}-{size - 1}/{size}"
        part = await ask(Range=f"bytes=0-{2**26 - 1}")
        assert len(part.body) == 2**26
        del part
        assert tracemalloc.get_traced_memory()[1] < 5 * 2**26
    finally:
        tracemalloc.stop()


async def test_file_that_changes_between_two_parts_is_detected(
    server: Listening, session: aiohttp.ClientSession, file: Path
) -> None:
    for api in (OneFile(file), remote(ContentAPI, session, server.url)):
        content = await api.get_media(VIDEO)
        write(file, DATA[::-1])
        with pytest.raises(ContentChanged):
            await content.open()


async def test_file_that_is_cut_short_while_it_is_sent_ends_the_connection(
    server: Listening, session: aiohttp.ClientSession, file: Path
) -> None:
    grow(file, 2**28)
    content = await remote(ContentAPI, session, server.url).get_media(VIDEO)
    async with await content.open() as parts:
        await anext(parts)
        os.truncate(file, 10)
        with pytest.raises(ServiceUnavailable):
            assert not [part async for part in parts]


async def test_caller_that_leaves_early_leaves_no_open_file(
    server: Listening, session: aiohttp.ClientSession, file: Path
) -> None:
    grow(file, 2**28)
    content = await remote(ContentAPI, session, server.url).get_media(VIDEO)
    async with await content.open() as parts:
        await anext(parts)
    await server.close()
    assert not is_open(file)
