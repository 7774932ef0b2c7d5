"""Models are equal in process and over HTTP."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ytarchive.common.models import Model, UtcDatetime, from_micros, to_micros
from ytarchive.common.tracing import current_trace_id, new_trace_id, trace

NEW_YEAR = datetime(2024, 1, 1, tzinfo=UTC)


class Event(Model):
    """Something at a time."""

    at: UtcDatetime
    value: float = 0


@given(
    st.timedeltas(min_value=timedelta(days=1), max_value=timedelta(days=3_652_057)),
    st.integers(-14 * 60, 14 * 60),
)
def test_every_moment_survives_json_and_the_database(since: timedelta, offset: int) -> None:
    zone = timezone(timedelta(minutes=offset))
    event = Event(at=(datetime(1, 1, 1, tzinfo=UTC) + since).replace(tzinfo=zone))
    assert event.at.tzinfo is UTC
    written = event.model_dump_json()
    assert json.loads(written)["at"].endswith("Z")
    assert Event.model_validate_json(written) == event
    assert from_micros(to_micros(event.at)) == event.at


def test_a_time_without_a_zone_is_utc() -> None:
    assert Event.model_validate({"at": "2024-01-01T00:00:00"}).at == NEW_YEAR


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_moment_outside_the_calendar_is_refused(at: str) -> None:
    with pytest.raises(ValidationError, match="year"):
        Event.model_validate({"at": at})


def test_models_cannot_be_changed_and_take_no_unknown_fields() -> None:
    """In one process services share the objects; over HTTP they do not. This has no effect."""
    event = Event(at=NEW_YEAR)
    with pytest.raises(ValidationError, match="frozen"):
        event.value = 1  # type: ignore[misc]  # the point
    with pytest.raises(ValidationError, match="colour"):
        Event.model_validate({"at": 0, "colour": "red"})


def test_numbers_that_json_does_not_have_become_null() -> None:
    assert '"value":null' in Event(at=NEW_YEAR, value=float("nan")).model_dump_json()


def test_a_trace_id_applies_within_its_block() -> None:
    assert current_trace_id() is None
    with trace("outer") as outer:
        with trace(None) as inner:
            assert current_trace_id() == inner != outer
        assert current_trace_id() == "outer"
    assert current_trace_id() is None
    assert new_trace_id() != new_trace_id()


@pytest.mark.parametrize("unusable", [None, "", "a b", 'x"}', "a\nb", "x" * 129, "ü"])
def test_an_unusable_trace_is_replaced(unusable: str | None) -> None:
    with trace(unusable) as used:
        assert used == current_trace_id() != unusable
