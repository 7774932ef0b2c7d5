"""A validation error is reported by field, without the value."""

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
        (int, "ten", "must be a valid integer"),
        (int, 1.5, "must be a valid integer"),
        (int, None, "must be a valid integer"),
        (float, "x", "must be a valid number"),
        (Annotated[float, Field(allow_inf_nan=False)], math.inf, "must be a finite number"),
        (bool, "perhaps", "must be a valid boolean"),
        (str, 5, "must be a valid string"),
        (list[int], "x", "must be a valid list"),
        (dict[str, int], "x", "must be a valid dictionary"),
        (datetime, "yesterday", "must be a valid datetime"),
        (Annotated[int, Field(ge=1)], 0, "must be greater than or equal to 1"),
        (Annotated[int, Field(le=9)], 10, "must be less than or equal to 9"),
        (Annotated[float, Field(gt=0)], 0, "must be greater than 0"),
        (Annotated[str, Field(max_length=2)], "abc", "must have at most 2 characters"),
        (Annotated[str, Field(pattern="^a+$")], "b", "must match pattern '^a+$'"),
        (Annotated[list[int], Field(max_length=1)], [1, 2], "must have at most 1 item"),
        (Literal["a", "b"], "c", "must be 'a' or 'b'"),
        (Quality, "4k", "must be 'best', "),
        (Annotated[str, AfterValidator(refuse)], "e$n", "no language code"),
    ],
)
def test_each_kind_of_problem_is_described(kind: Any, value: Any, said: str) -> None:
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
    assert error.details["fields"] == {
        "wanted": "Field required",
        "wantd": "Extra inputs are not permitted",
    }
    assert "s3cret" not in error.message
