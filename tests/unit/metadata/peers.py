"""Peers of the Metadata service: an in-memory extractor, a server with set answers, a clock."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiohttp import web

from ytarchive.common.errors import SourceGone, VideoUnavailable, YTArchiveError
from ytarchive.common.media import PlaylistVideo, VideoMetadata
from ytarchive.ytdlp import ExtractedVideo, Extractor, Gate, ListedEntries, OpenGate

NOON = datetime(2026, 7, 1, 19, tzinfo=UTC)
"""Noon in California."""


def video_id(number: int) -> str:
    return f"video{number:06}"


@dataclass
class Clock:
    """A clock that only the test changes."""

    moment: datetime = NOON

    def __call__(self) -> datetime:
        return self.moment

    def advance(self, **by: float) -> None:
        self.moment += timedelta(**by)


@dataclass
class ExtractorPeer(Extractor):
    """yt-dlp without YouTube: returns set answers, and counts requests."""

    captions: list[str] = field(default_factory=lambda: ["en"])
    failures: dict[str, YTArchiveError] = field(default_factory=dict)
    lists: dict[str, ListedEntries] = field(default_factory=dict)
    sees: Callable[[str], bool] = lambda _: True
    """Whether it can see a video."""
    chunk: int = 100
    fail_at: int | None = None
    extracted: list[str] = field(default_factory=list)
    chunks_read: list[str] = field(default_factory=list)
    open_lists: int = 0
    release: asyncio.Event | None = None
    started: asyncio.Event = field(default_factory=asyncio.Event)
    list_closed: asyncio.Event = field(default_factory=asyncio.Event)
    gate: Gate = field(default_factory=OpenGate)

    async def extract(self, video_id: str) -> ExtractedVideo:
        self.extracted.append(video_id)
        self.started.set()
        if self.release is not None:
            await self.release.wait()
        if video_id in self.failures:
            raise self.failures[video_id]
        if not self.sees(video_id):
            raise VideoUnavailable
        metadata = VideoMetadata(
            video_id=video_id,
            title=f"Extracted {video_id}",
            upload_date=NOON,
            available_captions=self.captions,
            fetched_at=NOON,
        )
        return ExtractedVideo(metadata=metadata, info_path=Path(f"{video_id}.info.json"))

    def page_turn(self, source: str) -> AbstractAsyncContextManager[None]:
        return self.gate.passing(source, cost=0, patient=False)

    async def list_entries(self, source: str) -> AsyncGenerator[ListedEntries, None]:
        if source not in self.lists:
            raise SourceGone
        whole = self.lists[source]
        self.open_lists += 1
        try:
            for start in range(0, max(1, len(whole.videos)), self.chunk):
                self.chunks_read.append(f"{source}:{start}")
                if self.fail_at == start:
                    raise self.failures[source]
                videos = whole.videos[start : start + self.chunk]
                yield whole.model_copy(update={"videos": videos})
        finally:
            self.open_lists -= 1
            self.list_closed.set()

    def add_list(self, source: str, count: int, **about: Any) -> None:
        videos = [
            PlaylistVideo(video_id=video_id(n), position=n, title=f"Entry {n}")
            for n in range(count)
        ]
        about = {"playlist_id": source, "title": f"List {source}", "video_count": count} | about
        self.lists[source] = ListedEntries(videos=videos, **about)


@dataclass
class Answer:
    """One HTTP answer; `body` is sent as it is, or as JSON."""

    status: int = 200
    body: Any = field(default_factory=lambda: {"kind": "youtube#videoListResponse", "items": []})
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False


@dataclass
class ApiPeer:
    """An HTTP server that returns the set answers, the last one repeatedly."""

    answers: list[Answer] = field(default_factory=list)
    requests: list[web.BaseRequest] = field(default_factory=list)
    handler: Callable[[web.BaseRequest], Any] | None = None
    url: str = ""

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        self.requests.append(request)
        if self.handler is not None:
            return web.json_response(self.handler(request))
        given = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        raw = given.body if isinstance(given.body, bytes) else json.dumps(given.body).encode()
        if not given.cut:
            return web.Response(status=given.status, body=raw, headers=given.headers)
        response = web.StreamResponse(headers={"Content-Length": str(len(raw) + 100)})
        await response.prepare(request)
        await response.write(raw)
        assert request.transport is not None
        request.transport.close()
        return response

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["ApiPeer"]:
        runner = web.ServerRunner(web.Server(self.answer), shutdown_timeout=0)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield self
        finally:
            await runner.cleanup()


def error_body(code: int, reason: str, message: str = "No.", **more: Any) -> dict[str, Any]:
    """An error of the Data API; `details` and `status` as keywords."""
    item = {"message": message, "domain": "global", "reason": reason}
    return {"error": {"code": code, "message": message, "errors": [item], **more}}


def api_video(video_id: str, **snippet: Any) -> dict[str, Any]:
    """A video as `videos.list` gives it."""
    return {
        "kind": "youtube#video",
        "id": video_id,
        "snippet": {
            "publishedAt": "2024-05-06T07:08:09Z",
            "title": "A film",
            "channelId": "UC" + "c" * 22,
        }
        | snippet,
        "contentDetails": {"duration": "PT4M13S"},
        "statistics": {"viewCount": "18446744073709551", "likeCount": "12"},
    }
