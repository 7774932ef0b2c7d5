"""Queries as users type them."""

from hypothesis import example, given
from hypothesis import strategies as st

from ytarchive.storage.search.matching import ParsedQuery, Phrase
from ytarchive.storage.search.text import clean, fold, words


def phrases(query: str) -> list[str]:
    return [phrase.match for phrase in ParsedQuery.parse(query).wanted]


def test_words_phrases_beginnings_and_exclusions() -> None:
    parsed = ParsedQuery.parse('Cats "black and  white" kitt* -dogs -"hot dogs" "new y"*')
    assert parsed.wanted == (
        Phrase(("cats",)),
        Phrase(("black", "and", "white")),
        Phrase(("kitt",), is_prefix=True),
        Phrase(("new", "y"), is_prefix=True),
    )
    assert parsed.unwanted == (Phrase(("dogs",)), Phrase(("hot", "dogs")))


def test_operators_of_the_index_are_ordinary_words() -> None:
    assert phrases("NOT title:x a^b NEAR(c) {d}") == [
        '"not"', '"title x"', '"a b"', '"near c"', '"d"',
    ]  # fmt: skip
    assert phrases("“don\u2019t stop") == ['"don t stop"']
    assert phrases(' " * - ?! ') == []


def test_case_and_accents_do_not_matter_in_any_script() -> None:
    for text, plain in (
        ("Ärger", "arger"),
        ("ΚΌΣΜΟΣ", "κοσμοσ"),
        ("Ёлка", "елка"),
        ("\uff21b", "ab"),
        ("cafe\u0301", "cafe"),
        ("हिन्दी", "हनद"),
    ):
        assert words(text) == [plain]


def test_characters_of_scripts_without_spaces_are_words() -> None:
    assert words("iPhone東京タワー!") == ["iphone", "東", "京", "タ", "ワ", "ー"]
    assert ParsedQuery.parse("東京").wanted == (Phrase(("東", "京")),)


@given(st.text())
def test_folding_keeps_the_length(text: str) -> None:
    assert len(fold(text)) == len(text)


@example("\u03000")
@example("x\u0320y")
@given(st.text(max_size=80))
def test_a_text_is_found_in_itself(text: str) -> None:
    """The words that the index knows are also seen where the hits are marked."""
    text = clean(text)
    for word in words(text):
        places = ParsedQuery((Phrase((word,)),), ()).places()
        assert any(words(text[begin:end]) == [word] for begin, end in places.find(text)), word
