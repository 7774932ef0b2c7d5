"""Language codes are compared by BCP 47, with replaced codes and without regard to case."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ytarchive.common.languages import canonical, covered, distance, nearest

SAME = [
    ("he", "iw"), ("iw", "he"), ("HE", "iw"), ("id", "in"), ("yi", "ji"), ("jv", "jw"),
    ("ro", "mo"), ("fil", "tl"), ("no", "nb"), ("nb", "no"), ("ar", "arb"), ("zh", "cmn"),
    ("zh-CN", "zh-Hans"), ("zh-Hans", "zh-CN"), ("zh-SG", "zh-Hans"), ("zh-CN", "zh"),
    ("zh-TW", "zh-Hant"), ("zh-Hant", "zh-TW"), ("zh-hk", "zh-Hant"), ("zh-MO", "zh-Hant-MO"),
    ("pt-br", "pt-BR"), ("pt_BR", "pt-BR"), ("PT", "pt-BR"), ("pt-BR", "pt"), ("en", "en-US"),
    ("en-US", "en"), ("es", "es-419"), ("sr-Latn", "sh"), ("sr", "sr-Cyrl"), ("zh", "zh-TW"),
    ("es-MX", "es-419"), ("es-ar", "es_419"), ("yue", "zh-yue"), ("zh-yue", "yue"),
    ("zh", "zh-cmn"), ("az-Latn", "az"), ("uz", "uz-Latn"), ("pa-Guru", "pa"), ("hi", "hi-Deva"),
    ("ms-Latn", "zsm"), ("yue-Hant-HK", "zh-yue"), ("mn-cyrl", "khk"),
    ("en", "en-orig"), ("iw-orig", "he-orig"), ("en", "en-nP7-2PuUl7o"),
]  # fmt: skip
OTHER = [
    ("en", "fr"), ("en", "eng-x"), ("pt-BR", "pt-PT"), ("en-US", "en-GB"), ("zh-CN", "zh-TW"),
    ("zh-Hans", "zh-Hant"), ("zh-Hant", "zh"), ("zh", "yue"), ("nb", "nn"), ("no", "nn"),
    ("es-ES", "es-419"), ("es-419", "es-ES"), ("zh-yue", "zh"), ("hi-Latn", "hi"),
    ("uz-Cyrl", "uz"), ("pa-Arab", "pa-Guru"),
    ("en-orig", "en"), ("en-nP7-2PuUl7o", "en"), ("de", "den"),
]  # fmt: skip


@pytest.mark.parametrize(("wanted", "offered"), SAME)
def test_language_is_found_under_its_other_names(wanted: str, offered: str) -> None:
    assert covered(wanted, ["xx", offered])


@pytest.mark.parametrize(("wanted", "offered"), OTHER)
def test_another_language_region_or_script_is_not_taken(wanted: str, offered: str) -> None:
    assert not covered(wanted, [offered])


@pytest.mark.parametrize(
    ("wanted", "offered", "expected"),
    [
        ("en", ["en-GB", "en-US", "en"], ["en", "en-GB", "en-US"]),
        ("en-us", ["en", "en-GB", "en-US"], ["en-US", "en"]),
        ("zh", ["zh-TW", "zh-Hans"], ["zh-Hans", "zh-TW"]),
        ("zh-CN", ["zh", "zh-Hans", "zh-CN", "zh-TW"], ["zh-CN", "zh", "zh-Hans"]),
        ("he", ["iw-orig", "iw", "he"], ["he", "iw", "iw-orig"]),
    ],
)
def test_nearest_variant_comes_first(wanted: str, offered: list[str], expected: list[str]) -> None:
    assert nearest(wanted, offered) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("en", "en"), ("EN_us", "en-US"), ("iw", "he"), ("iw-IL", "he-IL"), ("in", "id"),
        ("zh-yue", "yue"), ("zh-cmn-Hans-CN", "zh-Hans-CN"),
        ("zh-hant", "zh-Hant"), ("zh-Hans-cn", "zh-Hans-CN"), ("es-419", "es-419"),
        ("sh", "sr-Latn"), ("nb", "nb"), ("cmn", "zh"), ("de-1996", "de-1996"),
        ("en-orig", "en-x-orig"), ("en-nP7-2PuUl7o", "en-x-np72puul-7o"),
        ("en-x-np72puul-7o", "en-x-np72puul-7o"),
    ],
)  # fmt: skip
def test_canonical_code_is_that_of_bcp_47(code: str, expected: str) -> None:
    assert canonical(code) == expected


@given(st.from_regex(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{1,12}){0,3}", fullmatch=True))
def test_canonical_code_names_the_same_language_and_stays_as_it_is(code: str) -> None:
    assert canonical(canonical(code)) == canonical(code)
    assert covered(code, [canonical(code)])
    assert covered(canonical(code), [code])


@pytest.mark.parametrize(
    ("wanted", "offered", "expected"),
    [
        ("en-*", ["en", "en-GB", "en-nP7-2PuUl7o", "de", "eng"], ["en", "en-GB", "en-nP7-2PuUl7o"]),
        ("he-*", ["iw", "he-IL"], ["he-IL", "iw"]),
        ("zh-Hant-*", ["zh", "zh-TW", "zh-Hans", "zh-Hant-HK"], ["zh-Hant-HK", "zh-TW"]),
        ("zh-Hans-*", ["zh-Hans", "zh-Hant"], ["zh-Hans"]),
        ("zh-*", ["zh-Hans", "zh-Hant"], ["zh-Hans", "zh-Hant"]),
        ("pt-BR-*", ["pt", "pt-PT", "pt-BR"], ["pt-BR"]),
    ],
)
def test_wildcard_means_each_variant_of_the_language(
    wanted: str, offered: list[str], expected: list[str]
) -> None:
    assert nearest(wanted, offered) == expected


@given(st.text(alphabet="abcdhinsztwHANST-_", max_size=20))
def test_every_code_is_its_own_language(code: str) -> None:
    assert distance(code, code.swapcase()) == 0
