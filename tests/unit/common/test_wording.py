"""What is wrong with a value is said in words for people, without the value."""

import math
from datetime import datetime
from typing import Annotated, Any, Literal

import pytest
from pydantic import AfterValidator, Field, TypeAdapter, ValidationError

from ytarchive.common.contract import invalid_request
from ytarchive.common.models import Model
from ytarchive.common.quality import Quality


def refuse(_: str) -> str:
    raise ValueError("no language code")


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        (int, "ten", "must be a whole number"),
        (int, 1.5, "must be a whole number"),
        (int, None, "must be a whole number"),
        (float, "x", "must be a number"),
        (Annotated[float, Field(allow_inf_nan=False)], math.inf, "must be a finite number"),
        (bool, "perhaps", "must be true or false"),
        (str, 5, "must be text"),
        (list[int], "x", "must be a list"),
        (dict[str, int], "x", "must be an object"),
        (datetime, "yesterday", "must be a time in ISO 8601, such as 2026-01-31T12:00:00Z"),
        (Annotated[int, Field(ge=1)], 0, "must be at least 1"),
        (Annotated[int, Field(le=9)], 10, "must be at most 9"),
        (Annotated[float, Field(gt=0)], 0, "must be more than 0.0"),
        (Annotated[str, Field(max_length=2)], "abc", "must have at most 2 characters"),
        (Annotated[str, Field(pattern="^a+$")], "b", "must have the form ^a+$"),
        (Annotated[list[int], Field(max_length=1)], [1, 2], "must have at most 1 entries"),
        (Literal["a", "b"], "c", "must be 'a' or 'b'"),
        (Quality, "4k", "must be 'best', "),
        (Annotated[str, AfterValidator(refuse)], "e$n", "no language code"),
    ],
)
def test_each_kind_of_problem_is_told(kind: Any, value: Any, said: str) -> None:
    with pytest.raises(ValidationError) as raised:
        TypeAdapter(kind).validate_python(value)
    error = invalid_request(raised.value, "field")
    assert error.message.startswith(f"field: {said}")


def test_missing_and_unknown_fields_are_named() -> None:
    class Asked(Model):
        wanted: int

    with pytest.raises(ValidationError) as raised:
        Asked.model_validate({"wantd": "s3cret"})
    error = invalid_request(raised.value)
    assert error.details["fields"] == {"wanted": "is missing", "wantd": "is not known here"}
    assert "s3cret" not in error.message
