"""Names of files are bytes: stored, shown and written as JSON without any loss."""

import json
import os

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ytarchive.common.file_names import file_name, shown_name, stored_name
from ytarchive.common.json_text import json_bytes, read_json

names = st.binary(min_size=1, max_size=40).map(lambda raw: raw.replace(b"\0", b"a"))


@given(names)
@example("\U0010f7fc".encode())
@example(b"\xf4\x8f\x9f\xbcM\xfcnchen")
@example("München/\u202e 見る".encode())
def test_every_name_can_be_stored_in_a_database_and_read_again(raw: bytes) -> None:
    stored = stored_name(os.fsdecode(raw))
    stored.encode()
    assert os.fsencode(file_name(stored)) == raw


@given(st.text(st.characters(codec="utf-8", max_codepoint=0xFFFF), max_size=20))
def test_names_in_utf8_are_stored_as_they_are(name: str) -> None:
    assert stored_name(name) == name == file_name(name)


@given(st.lists(names, min_size=2, max_size=2, unique=True))
def test_different_names_are_stored_differently(pair: list[bytes]) -> None:
    first, second = (stored_name(os.fsdecode(raw)) for raw in pair)
    assert first != second


@given(names)
def test_json_holds_every_name(raw: bytes) -> None:
    document = json_bytes({"path": os.fsdecode(raw), "free": float("nan")})
    document.decode("utf-8")
    for read in (json.loads, read_json):
        found = read(document)
        assert os.fsencode(found["path"]) == raw
        assert found["free"] is None


@pytest.mark.parametrize(
    "document", [b'"\xff"', b'"\\udcfc', b"[" * 100_000, b'"\\u"' + b"[" * 9000]
)
def test_what_is_no_json_is_refused_with_a_value_error(document: bytes) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        read_json(document)


def test_people_see_which_byte_is_not_utf8() -> None:
    assert shown_name(os.fsdecode(b"M\xfcnchen")) == r"M\xfcnchen"
