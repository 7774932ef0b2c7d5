"""Names in views: safe on every file system, complete ids, different for different files."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ytarchive.storage.views import names

ANY_TEXT = st.text(st.characters(codec=None), max_size=400)
REFUSED = set('<>:"/\\|?*') | {chr(code) for code in range(32)} | {"\x7f"}
BIDIRECTIONAL = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")
DEVICES = {
    "CON",
    "PRN",
    "AUX",
    "NUL",
    *(f"COM{n}" for n in range(10)),
    *(f"LPT{n}" for n in range(10)),
}


@given(ANY_TEXT)
def test_any_title_becomes_a_name_that_every_file_system_accepts(title: str) -> None:
    name = names.name(title, " [abcdefghijk]")
    assert name.endswith(" [abcdefghijk]")
    assert 0 < len(name.encode()) <= 255
    assert not REFUSED & set(name)
    assert not BIDIRECTIONAL & set(name)
    assert unicodedata.normalize("NFC", name) == name
    assert name[-1] not in " ."
    assert name[0] not in " ."


@given(ANY_TEXT)
def test_a_title_alone_is_no_reserved_or_empty_name(title: str) -> None:
    name = names.name(title)
    assert name not in {"", ".", ".."}
    assert name[-1] not in " ."
    assert name.split(".")[0].rstrip().upper() not in DEVICES


@given(ANY_TEXT)
def test_a_stem_leaves_room_for_the_longest_suffix(title: str) -> None:
    stem = names.stem(title, " [abcdefghijk]", prefix="2026-01-31 ")
    assert len(f"{stem} (2).zh-Hant-TW.auto.vtt".encode()) <= 255


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("A plain title", "A plain title"),
        ("AC/DC: what?", "AC\u29f8DC\uff1a what\uff1f"),
        ("..hidden. .", "hidden"),
        ("nul", "nul_"),
        ("Con.fusion", "Con_.fusion"),
        ("COM\u00b9", "COM\u00b9_"),
        ("a\u202egpj.exe", "agpj.exe"),
        ("\n\t ", "untitled"),
        ("\u200d\u200c", "untitled"),
        ("\u3164 \u115f\u034f\ufe0f\u2800", "untitled"),
        ("e\u0301", "\u00e9"),
        (
            "\U0001f468\u200d\U0001f469\u200d\U0001f467",
            "\U0001f468\u200d\U0001f469\u200d\U0001f467",
        ),
    ],
)
def test_names_keep_what_can_be_kept(title: str, name: str) -> None:
    assert names.name(title) == name


def test_a_long_title_is_cut_between_visible_characters() -> None:
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467"  # 18 bytes, one visible character
    assert names.name(family * 20, room=255 - 40) == family * 2
    assert names.name("e\u0323\u0301" * 200).encode()[-1:] != b"\xcc"


def test_names_that_differ_in_case_or_composition_are_recognised_as_equal() -> None:
    assert names.folded("Stra\u00dfe/E\u0301") == names.folded("STRASSE/\u00e9")
    assert names.folded("one") != names.folded("two")
