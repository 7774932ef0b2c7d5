"""Codes identify errors, across processes and versions."""

import json
import re
from collections import Counter

import pytest

from ytarchive.common.errors import (
    NotFound,
    ProtocolError,
    QuotaExceeded,
    UnknownFailure,
    YTArchiveError,
    error_classes,
    error_for_code,
    error_for_reason,
    error_from,
)
from ytarchive.common.models import ErrorDetail

CLASSES = list(error_classes())


def test_every_code_belongs_to_one_class() -> None:
    codes = Counter(kind.code for kind in CLASSES)
    assert codes.most_common(1)[0][1] == 1
    assert all(re.fullmatch(r"E\d{3}", code) for code in codes)
    assert list(codes) == sorted(codes)


def test_reasons_are_unique_where_there_are_any() -> None:
    """A subclass may inherit the reason of its base class, which then means the base class."""
    reasons = Counter(kind.reason for kind in CLASSES if vars(kind).get("reason"))
    assert all("reason" in vars(error_for_reason(reason)) for reason in reasons)
    assert reasons.most_common(1)[0][1] == 1


@pytest.mark.parametrize("kind", CLASSES)
def test_every_error_has_a_meaning_and_a_remedy(kind: type[YTArchiveError]) -> None:
    assert kind.meaning
    assert not kind.meaning.endswith(".")
    assert kind.remedy.endswith(".")
    assert 400 <= kind.status < 600
    assert str(kind()) == kind.meaning


@pytest.mark.parametrize("kind", CLASSES)
def test_every_error_survives_an_envelope(kind: type[YTArchiveError]) -> None:
    error = kind("what happened", video_id="x")
    error.details["message"] = "a detail may be called anything"
    detail = ErrorDetail.model_validate(json.loads(error.detail().model_dump_json()))
    copy = error_from(detail)
    assert type(copy) is kind
    assert copy.message == str(copy) == "what happened"
    assert copy.details == error.details


def test_e001_is_the_exceeded_quota() -> None:
    """The one code that the specification itself gives."""
    assert (QuotaExceeded.code, QuotaExceeded.meaning) == ("E001", "API quota exceeded")


def test_an_unknown_code_becomes_a_protocol_error() -> None:
    assert type(error_from(ErrorDetail(code="E999", message="new"))) is ProtocolError
    assert error_for_code("E999") is UnknownFailure
    assert error_for_code("E013") is NotFound


def test_no_details_are_null_in_the_envelope() -> None:
    assert NotFound("gone").detail().details is None
