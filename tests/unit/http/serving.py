"""A real server on a loopback port, and a small contract to put behind it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import ClassVar, Protocol

from pydantic import Field

from ytarchive.common.config import ServerConfig
from ytarchive.common.contract import ServiceContract, endpoint
from ytarchive.common.errors import Conflict, NotFound, RegionBlocked
from ytarchive.common.identifiers import OpaqueId, VideoId, new_id
from ytarchive.common.models import Done, HealthCheck, Model, Page, UtcDatetime, utc_now
from ytarchive.common.services import ServiceName
from ytarchive.common.tracing import current_trace_id
from ytarchive.http import Listening, build_app, listen
from ytarchive.http.server import Mounted


class Note(Model):
    """Something written down."""

    id: str = ""
    video_id: VideoId
    text: str = Field(max_length=100)
    tags: list[str] = Field(default_factory=list)
    context: dict[str, object] = Field(default_factory=dict)
    written_at: UtcDatetime = Field(default_factory=utc_now)
    trace_id: str | None = None


class NoteQuery(Model):
    """Which notes."""

    tags: list[str] = Field(default_factory=list)
    since: UtcDatetime | None = None
    limit: int = Field(default=10, ge=1, le=100)
    newest_first: bool = True


class NotesAPI(ServiceContract, Protocol):
    """Keep notes about videos."""

    service: ClassVar[ServiceName] = ServiceName.STORAGE

    @endpoint("POST /notes", status=201)
    async def write_note(self, request: Note) -> Note:
        """Keep a note."""
        ...

    @endpoint("GET /notes/{note_id}")
    async def read_note(self, note_id: OpaqueId) -> Note:
        """One note. Raises NotFound."""
        ...

    @endpoint("GET /notes")
    async def list_notes(self, request: NoteQuery) -> Page[Note]:
        """Notes that match."""
        ...

    @endpoint("GET /notes/video/{video_id}")
    async def video_notes(self, video_id: VideoId) -> list[Note]:
        """The notes about a video."""
        ...

    @endpoint("DELETE /notes/{note_id}")
    async def delete_note(self, note_id: OpaqueId) -> Done:
        """Throw a note away. Raises NotFound."""
        ...

    @endpoint("PUT /notes/{note_id}/lock")
    async def lock_note(self, note_id: OpaqueId) -> Note:
        """Always refused. Raises Conflict."""
        ...

    @endpoint("POST /notes/break")
    async def break_down(self, request: Note) -> Done:
        """Fails as the note's text says."""
        ...


class Notes(NotesAPI):
    """Notes in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, Note] = {}

    async def write_note(self, request: Note) -> Note:
        """Keep a note under a new id, with the trace it was written under."""
        note = request.model_copy(update={"id": new_id(), "trace_id": current_trace_id()})
        self.kept[note.id] = note
        return note

    async def read_note(self, note_id: OpaqueId) -> Note:
        """One note."""
        if note_id not in self.kept:
            raise NotFound(f"no note {note_id}", note_id=note_id)
        return self.kept[note_id]

    async def list_notes(self, request: NoteQuery) -> Page[Note]:
        """Notes with all the tags, newer than `since`."""
        found = [
            note
            for note in sorted(self.kept.values(), key=lambda n: n.id, reverse=request.newest_first)
            if set(request.tags) <= set(note.tags)
            and (request.since is None or note.written_at >= request.since)
        ]
        return Page(items=found[: request.limit], next_cursor=None)

    async def video_notes(self, video_id: VideoId) -> list[Note]:
        """The notes about a video."""
        return [note for note in self.kept.values() if note.video_id == video_id]

    async def delete_note(self, note_id: OpaqueId) -> Done:
        """Throw a note away."""
        await self.read_note(note_id)
        del self.kept[note_id]
        return Done()

    async def lock_note(self, note_id: OpaqueId) -> Note:
        """Refuse."""
        raise Conflict(f"{note_id} cannot be locked", note_id=note_id)

    async def break_down(self, request: Note) -> Done:
        """Fail."""
        if request.text == "region":
            raise RegionBlocked(reason="not here", message="details may be called anything")
        raise RuntimeError(f"secret internals of {request.text}")

    async def health(self) -> HealthCheck:
        """Healthy, with one dependency."""
        return HealthCheck(
            service=self.service,
            status="healthy",
            version="1",
            uptime_seconds=1,
            checks={"memory": True},
        )


@asynccontextmanager
async def serving(
    *services: Mounted, config: ServerConfig | None = None
) -> AsyncIterator[Listening]:
    """A server for `services` on a loopback port of its own."""
    server = await listen(build_app(services, config or ServerConfig()), "127.0.0.1", 0)
    try:
        yield server
    finally:
        await server.close()
