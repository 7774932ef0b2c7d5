"""Single answers of the Data API: the meaning of each error, retries, conversion."""

import asyncio
import errno
import gzip
import json
import re
import socket
from typing import Any

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey
from loguru import logger
from pydantic import SecretStr

from tests.unit.metadata.conftest import KEY, Bench
from tests.unit.metadata.peers import Answer, api_video, error_body, video_id
from tests.unit.metadata.socks import socks_proxy
from ytarchive.common.config import NetworkConfig, YouTubeConfig
from ytarchive.common.errors import (
    ApiAnswerIncomplete,
    ApiFailure,
    ApiKeyInvalid,
    ApiNotEnabled,
    ApiRateLimited,
    InvalidConfiguration,
    NetworkFailure,
    QuotaExceeded,
    SourceGone,
    VideoUnavailable,
    YTArchiveError,
)
from ytarchive.connection import youtube_session
from ytarchive.metadata.data_api.client import DataApi
from ytarchive.metadata.data_api.errors import plain_text, refused, unreachable
from ytarchive.metadata.data_api.quota import QuotaLedger
from ytarchive.metadata.data_api.resources import Resource, video_metadata

LINK = 'You have exceeded your <a href="/youtube/v3/getting-started#quota">quota</a>.'
SEARCHES = "Quota exceeded for quota metric 'Search Queries' and limit 'Search Queries per day'"
READS = "Quota exceeded for quota metric 'Queries' and limit 'Queries per day' of service"


def detailed(code: int, reason: str, detail: str) -> dict[str, Any]:
    items = [{"@type": "ErrorInfo"}, {"@type": "ErrorInfo", "reason": detail}]
    return error_body(code, reason, details=items, status="PERMISSION_DENIED")


def exhausted(message: str) -> dict[str, Any]:
    return error_body(429, "rateLimitExceeded", message, status="RESOURCE_EXHAUSTED")


ROWS = [
    (403, error_body(403, "quotaExceeded", LINK), QuotaExceeded),
    (403, error_body(403, "dailyLimitExceeded"), QuotaExceeded),
    (429, exhausted(SEARCHES), ApiRateLimited),
    (429, exhausted(READS), QuotaExceeded),
    (429, {"error": {"status": "RESOURCE_EXHAUSTED"}}, ApiRateLimited),
    (429, b"slow down", ApiRateLimited),
    (403, error_body(403, "rateLimitExceeded"), ApiRateLimited),
    (403, error_body(403, "userRateLimitExceeded"), ApiRateLimited),
    (400, detailed(400, "badRequest", "API_KEY_INVALID"), ApiKeyInvalid),
    (400, error_body(400, "keyInvalid"), ApiKeyInvalid),
    (400, error_body(400, "keyInvalid", "Bad Request"), ApiKeyInvalid),
    (400, error_body(400, "badRequest", "API key expired. Please renew it."), ApiKeyInvalid),
    (403, error_body(403, "forbidden", "We don't allow unregistered callers"), ApiKeyInvalid),
    (403, detailed(403, "accessNotConfigured", "SERVICE_DISABLED"), ApiNotEnabled),
    (403, detailed(403, "forbidden", "SERVICE_DISABLED"), ApiNotEnabled),
    (403, detailed(403, "forbidden", "API_KEY_SERVICE_BLOCKED"), ApiNotEnabled),
    (403, detailed(403, "forbidden", "API_KEY_HTTP_REFERRER_BLOCKED"), ApiNotEnabled),
    (404, error_body(404, "playlistNotFound"), SourceGone),
    (403, error_body(403, "playlistItemsNotAccessible"), SourceGone),
    (403, error_body(403, "watchLaterNotAccessible"), SourceGone),
    (403, error_body(403, "watchHistoryNotAccessible"), SourceGone),
    (404, error_body(404, "videoNotFound"), VideoUnavailable),
    (400, error_body(400, "invalidPageToken"), ApiFailure),
    (400, error_body(400, "missingRequiredParameter"), ApiFailure),
    (403, error_body(403, "somethingNew"), ApiFailure),
    (404, b"<html>not here</html>", ApiFailure),
    (301, b"", ApiFailure),
    (400, {"error": "a string"}, ApiFailure),
    (400, {"error": {"errors": "x", "details": [7], "message": ["?"]}}, ApiFailure),
    (400, b"[" * 100_000, ApiFailure),
]


@pytest.mark.parametrize(("status", "body", "kind"), ROWS)
async def test_each_refusal_has_its_meaning(
    bench: Bench, status: int, body: Any, kind: type[YTArchiveError]
) -> None:
    bench.api.answers = [Answer(status, body, headers={"Location": "http://127.0.0.1:9/"})]
    async with bench.data_api() as api:
        with pytest.raises(YTArchiveError) as caught:
            await api.videos([video_id(1)])
    assert type(caught.value) is kind
    assert "<" not in caught.value.message
    assert caught.value.message not in {"Bad Request", "Forbidden"}
    again = kind is ApiRateLimited
    assert len(bench.api.requests) == (3 if again else 1)


@pytest.mark.parametrize(
    "answer",
    [
        Answer(500, error_body(500, "backendError")),
        Answer(503, b"<html><title>Error 503</title></html>"),
        Answer(200, b"<html>Please sign in to this network</html>"),
        Answer(200, b""),
        Answer(200, b'{"kind": "youtube#videoListRes'),
        Answer(200, {"kind": "youtube#other"}),
        Answer(200, {"items": "none"}),
        Answer(200, b"[" * 100_000),
        Answer(200, [1]),
        Answer(200, b'{"items": [', cut=True),
    ],
)
async def test_invalid_answers_and_failing_servers_are_tried_three_times_and_counted(
    bench: Bench, answer: Answer
) -> None:
    bench.api.answers = [answer]
    async with bench.database() as database, bench.client(database) as api:
        with pytest.raises((ApiFailure, NetworkFailure)):
            await api.videos([video_id(1)])
        row = await database.fetch_one("units_used", {"day": "2026-07-01"})
    assert row is not None
    assert row["used"] == len(bench.api.requests) == 3


async def test_a_temporary_failure_is_retried(bench: Bench) -> None:
    good = Answer(body={"items": [api_video(video_id(1))]})
    bench.api.answers = [Answer(503, b""), Answer(200, b"{", cut=True), good]
    async with bench.data_api() as api:
        assert list(await api.videos([video_id(1)])) == [video_id(1)]


async def test_a_server_that_requires_a_long_wait_is_not_requested_again(bench: Bench) -> None:
    refusal = error_body(403, "rateLimitExceeded")
    bench.api.answers = [Answer(403, refusal, headers={"Retry-After": "3600"})]
    async with bench.data_api() as api:
        with pytest.raises(ApiRateLimited):
            await api.videos([video_id(1)])
    assert len(bench.api.requests) == 1


def test_a_short_required_wait_is_respected() -> None:
    assert refused(503, "7", b"").wait == 7
    assert refused(503, "tomorrow", b"").wait == 0


async def test_nothing_is_sent_once_the_quota_is_spent(bench: Bench) -> None:
    async with bench.data_api(quota_limit=5, quota_reserve=4) as api:
        await api.videos([video_id(1)])
        with pytest.raises(QuotaExceeded):
            await api.videos([video_id(1)])
    assert len(bench.api.requests) == 1


async def test_after_a_quota_error_nothing_more_is_sent_even_after_a_restart(
    bench: Bench,
) -> None:
    bench.api.answers = [Answer(403, error_body(403, "quotaExceeded", LINK))]
    for _ in range(2):
        async with bench.data_api() as api:
            with pytest.raises(QuotaExceeded) as caught:
                await api.videos([video_id(1)])
    assert len(bench.api.requests) == 1
    assert caught.value.details["resets_at"] == "2026-07-02T07:00:00Z"


async def test_a_refused_connection_is_a_network_failure_with_a_readable_message(
    bench: Bench,
) -> None:
    bench.api.url = "http://127.0.0.1:1"
    async with bench.data_api() as api:
        with pytest.raises(NetworkFailure, match=r"127\.0\.0\.1 cannot be reached"):
            await api.videos([video_id(1)])


async def test_a_server_without_answer_times_out(bench: Bench) -> None:
    forever = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await forever.wait()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    bench.api.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, bench.data_api() as api:
        with pytest.raises(NetworkFailure, match=r"did not answer within 0\.3 seconds"):
            await api.videos([video_id(1)])
        forever.set()


async def test_the_key_is_in_the_header_and_nowhere_else(bench: Bench) -> None:
    said: list[str] = []
    sink = logger.add(said.append, level=0, format="{message} {extra}")
    echo = Answer(400, error_body(400, "badRequest", "API key not valid."))
    bench.api.answers = [Answer(500, b""), echo]
    async with bench.data_api() as api:
        with pytest.raises(ApiKeyInvalid) as caught:
            await api.videos([video_id(1)])
    logger.remove(sink)
    request = bench.api.requests[0]
    assert request.headers["X-Goog-Api-Key"] == KEY
    assert KEY not in str(request.url)
    assert KEY not in repr(caught.value) + str(caught.value.detail()) + "".join(said)
    assert said


async def test_fifty_ids_are_sent_in_one_compressed_call(bench: Bench) -> None:
    ids = [video_id(n) for n in range(50)]
    body = gzip.compress(json.dumps({"items": [api_video(each) for each in ids]}).encode())
    bench.api.answers = [Answer(200, body, headers={"Content-Encoding": "gzip"})]
    async with bench.data_api() as api:
        assert list(await api.videos(ids)) == ids
    request = bench.api.requests[0]
    assert request.query["id"].split(",") == ids
    assert "gzip" in request.headers["Accept-Encoding"]
    assert "gzip" in request.headers["User-Agent"]


async def test_pages_in_a_cycle_are_an_error(bench: Bench) -> None:
    bench.api.answers = [Answer(body={"items": [], "nextPageToken": "T"})]
    async with bench.data_api() as api:
        with pytest.raises(ApiFailure, match="cycle"):
            await api.playlist_items("PLx", "T")


async def test_a_video_that_was_not_requested_is_ignored(bench: Bench) -> None:
    bench.api.answers = [Answer(body={"items": [api_video(video_id(2)), 7, None, {"id": []}]})]
    async with bench.data_api() as api:
        assert await api.videos([video_id(1)]) == {}


@pytest.mark.parametrize("scheme", ["socks5", "socks5h", "socks4", "socks4a"])
async def test_the_data_api_is_reached_through_a_socks_proxy(bench: Bench, scheme: str) -> None:
    async with socks_proxy() as proxy:
        network = NetworkConfig(proxy=f"{scheme}://127.0.0.1:{proxy.port}")
        async with (
            youtube_session(network, aiohttp.ClientTimeout(total=10)) as session,
            session.get(f"{bench.api.url}/videos") as answer,
        ):
            assert answer.status == 200
    assert proxy.served == 1


async def test_a_socks_proxy_that_refuses_is_a_network_failure(bench: Bench) -> None:
    async with socks_proxy(refuses=True) as proxy, bench.database() as database:
        network = NetworkConfig(proxy=f"socks5://127.0.0.1:{proxy.port}")
        ledger = QuotaLedger(database, YouTubeConfig(api_key=None))
        async with DataApi.open(SecretStr(KEY), network, ledger) as api:
            with pytest.raises(NetworkFailure, match="SOCKS proxy"):
                await api.videos([video_id(1)])


@pytest.mark.parametrize("key", ["two words", "line\nbreak", "schlüssel"])
async def test_a_key_with_invalid_characters_is_refused_without_showing_it(
    bench: Bench, key: str
) -> None:
    async with bench.database() as database:
        ledger = QuotaLedger(database, YouTubeConfig(api_key=None))
        with pytest.raises(InvalidConfiguration, match="YOUTUBE_API_KEY") as caught:
            async with DataApi.open(SecretStr(key), NetworkConfig(), ledger):
                pass
    assert key not in caught.value.message


async def test_an_empty_key_is_none(bench: Bench) -> None:
    async with bench.keyless(youtube={"api_key": ""}) as service:
        assert (await service.get_quota()).source == "yt-dlp"


async def test_a_ca_file_without_certificates_is_named(bench: Bench) -> None:
    file = bench.folder / "ca.pem"
    file.write_text("nothing")
    async with bench.database() as database:
        ledger = QuotaLedger(database, YouTubeConfig(api_key=None))
        with pytest.raises(InvalidConfiguration, match=r"ca\.pem"):
            async with DataApi.open(SecretStr(KEY), NetworkConfig(ca_file=file), ledger):
                pass


async def test_the_proxys_password_is_in_no_error(bench: Bench) -> None:
    network = NetworkConfig(proxy="http://user:hidden@127.0.0.1:1", timeout=1)
    async with bench.database() as database:
        ledger = QuotaLedger(database, YouTubeConfig(api_key=None))
        async with DataApi.open(SecretStr(KEY), network, ledger) as api:
            with pytest.raises(NetworkFailure, match="proxy cannot be reached") as caught:
                await api.videos([video_id(1)])
    assert "hidden" not in str(caught.value.detail())


# --- what is read -----------------------------------------------------------------------------


def read(**parts: Any) -> Resource:
    return Resource.model_validate(api_video(video_id(1)) | parts)


@pytest.mark.parametrize(
    ("duration", "seconds"),
    [
        ("PT4M13S", 253),
        ("P1DT2H3M4S", 93_784),
        ("P1W", 604_800),
        ("P0D", None),
        ("PT1.5S", 1),
    ],
)
def test_durations_are_iso_8601(bench: Bench, duration: str | None, seconds: int | None) -> None:
    metadata = video_metadata(read(contentDetails={"duration": duration}), bench.clock())
    assert metadata.duration == seconds


def test_counts_are_strings_that_may_be_absent_or_odd(bench: Bench) -> None:
    metadata = video_metadata(read(), bench.clock())
    assert (metadata.view_count, metadata.like_count) == (18_446_744_073_709_551, 12)
    odd = read(statistics={"viewCount": "many", "likeCount": None})
    metadata = video_metadata(odd, bench.clock())
    assert (metadata.view_count, metadata.like_count) == (None, None)
    assert video_metadata(read(statistics=None), bench.clock()).view_count is None


def test_thumbnails_are_an_open_map(bench: Bench) -> None:
    sizes = {"default": {"url": "https://i/1.jpg", "width": 1}, "uhd": {"url": "https://i/2.jpg"}}
    snippet = api_video(video_id(1))["snippet"] | {"thumbnails": sizes | {"bad": 7, "worse": {}}}
    urls = video_metadata(read(snippet=snippet), bench.clock()).thumbnail_urls
    assert urls == {"default": "https://i/1.jpg", "uhd": "https://i/2.jpg"}


SNIPPET = api_video(video_id(1))["snippet"]


@pytest.mark.parametrize(
    "parts",
    [
        *({"snippet": SNIPPET | {"publishedAt": d}} for d in (None, "?", "0001-01-01T00:00+14:00")),
        *({"snippet": SNIPPET | {"title": title}} for title in (7, "", " \n")),
        {"snippet": SNIPPET | {"channelId": ""}},
        {"snippet": None},
        *({"contentDetails": {"duration": each}} for each in (None, "", "nonsense", "12:34", 253)),
        {"contentDetails": []},
    ],
)
def test_an_answer_without_a_necessary_field_is_incomplete(
    bench: Bench, parts: dict[str, Any]
) -> None:
    with pytest.raises(ApiAnswerIncomplete, match=video_id(1)):
        video_metadata(read(**parts), bench.clock())


def test_lone_surrogates_in_a_title_are_replaced(bench: Bench) -> None:
    snippet = SNIPPET | json.loads('{"title": "a\\ud800b \\u0000"}')
    assert video_metadata(read(snippet=snippet), bench.clock()).title == "a?b \0"


def test_markup_is_removed_from_messages() -> None:
    assert plain_text(LINK) == "You have exceeded your quota."
    assert plain_text("a &amp; <b>b</b>\n c") == "a & b c"
    assert plain_text(["no text"]) == ""


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (OSError(errno.ECONNREFUSED, "Connect call failed ('142.250.1.1', 443)"), "refused"),
        (OSError("Multiple exceptions: [Errno 111] A, [Errno 101] B"), "is there a network?"),
        (OSError(errno.ENETUNREACH, "Connect call failed ('::1', 443, 0, 0)"), "cannot be reached"),
        (socket.gaierror(-2, "Name or service not known"), "its name cannot be resolved"),
        (OSError("ssl:default [Connect call failed]"), "no connection could be made"),
    ],
)
def test_connection_errors_are_reported_without_python_text(failure: OSError, reason: str) -> None:
    key = ConnectionKey("www.googleapis.com", 443, True, True, None, None, None)
    direct = unreachable(aiohttp.ClientConnectorError(key, failure), 1).error.message
    proxied = unreachable(aiohttp.ClientProxyConnectionError(key, failure), 1).error.message
    assert direct.startswith("the server www.googleapis.com cannot be reached: ")
    assert proxied.startswith("the proxy cannot be reached: ")
    assert reason in direct
    assert not re.search(r"\[|Errno|call failed|\(\'|ssl:", direct + proxied)
