"""What holds for any service, whether it is called in process or over HTTP."""

import pytest

from tests.contract.conftest import Reach
from tests.unit.http.serving import Note, NoteQuery, Notes, NotesAPI
from ytarchive.common.errors import (
    Conflict,
    InvalidIdentifier,
    InvalidRequest,
    NotFound,
    RegionBlocked,
)
from ytarchive.common.models import Done, Page
from ytarchive.common.tracing import trace

NOTE = Note(
    video_id="dQw4w9WgXcQ", text="Größe 東京 \u202e \x00 'quoted' \"too\"", tags=["a b", "c&d=e"]
)


@pytest.fixture
async def notes(reach: Reach[NotesAPI]) -> NotesAPI:
    return await reach(NotesAPI, Notes())


async def test_written_values_are_read_back_equal(notes: NotesAPI) -> None:
    written = await notes.write_note(NOTE)
    assert written == NOTE.model_copy(update={"id": written.id, "trace_id": written.trace_id})
    assert await notes.read_note(written.id) == written
    assert await notes.read_note(note_id=written.id) == written


async def test_lists_and_pages_keep_their_types(notes: NotesAPI) -> None:
    written = await notes.write_note(NOTE)
    assert await notes.list_notes(NoteQuery(tags=["a b", "c&d=e"])) == Page[Note](items=[written])
    assert await notes.list_notes(NoteQuery(tags=["absent"])) == Page[Note](items=[])
    assert await notes.list_notes(NoteQuery(since=written.written_at)) == Page(items=[written])
    assert await notes.list_notes(request=NoteQuery(newest_first=False, limit=1)) == Page(
        items=[written]
    )
    assert await notes.delete_note(written.id) == Done()
    assert (await notes.list_notes(NoteQuery())).items == []


@pytest.mark.parametrize(
    "form",
    ["dQw4w9WgXcQ", "https://www.youtube.com/watch?v=dQw4w9WgXcQ&t=5", "youtu.be/dQw4w9WgXcQ"],
)
async def test_an_address_is_accepted_for_the_id_in_it(notes: NotesAPI, form: str) -> None:
    written = await notes.write_note(NOTE)
    assert await notes.video_notes(form) == [written]


async def test_errors_have_the_same_class_message_and_details(notes: NotesAPI) -> None:
    with pytest.raises(NotFound, match=r"^no note zz$") as missing:
        await notes.read_note("zz")
    assert missing.value.details == {"note_id": "zz"}
    with pytest.raises(Conflict, match="zz cannot be locked"):
        await notes.lock_note("zz")
    with pytest.raises(RegionBlocked) as blocked:
        await notes.break_down(NOTE.model_copy(update={"text": "region"}))
    assert blocked.value.reason == "region_blocked"


async def test_invalid_ids_are_refused_in_process_and_over_http(notes: NotesAPI) -> None:
    with pytest.raises(InvalidRequest, match="note_id") as refused:
        await notes.read_note("../secret")
    assert list(refused.value.details["fields"]) == ["note_id"]
    with pytest.raises(InvalidIdentifier, match="is not a YouTube video id or address"):
        await notes.video_notes("../secret")


async def test_the_trace_reaches_the_service(notes: NotesAPI) -> None:
    with trace("one-trace"):
        assert (await notes.write_note(NOTE)).trace_id == "one-trace"


async def test_health_is_the_services_own(notes: NotesAPI) -> None:
    health = await notes.health()
    assert (health.service, health.is_healthy, health.checks) == (
        "storage",
        True,
        {"memory": True},
    )
