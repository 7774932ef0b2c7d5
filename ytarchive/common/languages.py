"""Compares language codes of YouTube, yt-dlp and users by the rules of BCP 47.

YouTube uses replaced codes (`iw` for Hebrew), codes for Chinese by script or by region, and codes
with the name of a track (`en-nP7-2PuUl7o`) or `orig` appended.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

# From IANA's subtag registry: replaced codes, and the member of a macrolanguage that its code
# usually means.
_ALIASES = {
    "iw": "he", "in": "id", "ji": "yi", "jw": "jv", "mo": "ro", "tl": "fil", "sh": "sr",
    "nb": "no", "cmn": "zh", "arb": "ar", "pes": "fa", "swh": "sw", "zsm": "ms", "ekk": "et",
    "lvs": "lv", "npi": "ne", "ory": "or", "khk": "mn", "uzn": "uz", "azj": "az", "plt": "mg",
}  # fmt: skip
_SCRIPTS_OF_REGIONS = {("zh", "tw"): "hant", ("zh", "hk"): "hant", ("zh", "mo"): "hant"}
_USUAL_SCRIPTS = {
    "zh": "hans", "yue": "hant", "sr": "cyrl", "mn": "cyrl", "kk": "cyrl", "ky": "cyrl",
    "tg": "cyrl", "az": "latn", "uz": "latn", "bs": "latn", "tk": "latn", "ku": "latn",
    "ms": "latn", "hi": "deva", "pa": "guru", "sd": "arab", "ug": "arab", "ja": "jpan",
    "ko": "kore",
}  # fmt: skip
_EXTENDED = frozenset(["zh", "ar", "ms", "sw"])
"""Languages that another one may follow, which then counts alone: `zh-yue` is `yue`."""
_LATIN_AMERICA = frozenset(
    {
        *("ar", "bo", "br", "cl", "co", "cr", "cu", "do", "ec", "gt", "hn", "mx", "ni", "pa", "pe"),
        *("pr", "py", "sv", "us", "uy", "ve"),
    }
)  # the regions that YouTube and CLDR group as `es-419`
ALL_LANGUAGES = "all"
"""Means every language with captions made by people."""

ANY_VARIANT = "-*"
"""The end of a code that means every variant of a language: `en-*` is `en`, `en-GB`, `en-x-...`."""

_NO_SCRIPTS = frozenset(["orig", "desc"])
"""Suffixes of yt-dlp: the spoken language, and audio descriptions."""
_SEPARATOR = re.compile(r"[-_]")
_VARIANT = re.compile(r"[a-z0-9]{5,8}|[0-9][a-z0-9]{3}")
_EXTENSION = re.compile(r"[a-z]{3}")
_LONGEST_SUBTAG = 8
_PRIVATE = "x"
"""The subtag after which BCP 47 allows any others."""


class Language(NamedTuple):
    """A language code in lower case: language, script, region, and the rest without separators."""

    language: str
    script: str
    region: str
    rest: str

    @classmethod
    def of(cls, code: str) -> "Language":
        """Parse a code; missing parts and the language's usual script are empty."""
        first, script, region, others = _subtags(code)
        language = _ALIASES.get(first, first)
        if not script:
            script = "latn" if first == "sh" else _SCRIPTS_OF_REGIONS.get((language, region), "")
        is_usual = script == _USUAL_SCRIPTS.get(language)
        if others[:1] == [_PRIVATE]:
            del others[0]
        return cls(language, "" if is_usual else script, region, "".join(others))


def canonical(code: str) -> str:
    """Return a language code in the form of BCP 47: `he` for `iw`, `zh-Hant` for `zh-hant`.

    What YouTube and yt-dlp append becomes a private subtag: `en-x-np72puul` for a named track.
    """
    first, script, region, others = _subtags(code)
    # Only for comparing is Bokmål the same as Norwegian.
    language = first if first == "nb" else _ALIASES.get(first, first)
    parts = [language, "Latn" * (first == "sh"), script.title(), region.upper()]
    if others[:1] != [_PRIVATE] and not all(map(_VARIANT.fullmatch, others)):
        rest = "".join(others)
        others = [_PRIVATE, *(rest[at : at + _LONGEST_SUBTAG]
                              for at in range(0, len(rest), _LONGEST_SUBTAG))]  # fmt: skip
    return "-".join([*filter(None, parts), *others])


def is_group(code: str) -> bool:
    """Return whether a code means several languages: `all`, or each variant of one, as `en-*`.

    Which of them YouTube has is known only after a request.
    """
    return code.lower() == ALL_LANGUAGES or code.endswith(ANY_VARIANT)


def distance(wanted: str, offered: str) -> int | None:
    """Return the distance of an offered language from the requested one; 0: equal, None: no match.

    A language without a region matches its regional variants, and a language without a script all
    of its scripts. A requested region falls back to the language without a region, never to another
    region; `es-MX` is in the region of `es-419`. A track name in an offered code is ignored; a
    track name in a requested code must match. `en-*` matches what has all of its parts.
    """
    if wanted.endswith(ANY_VARIANT):
        return 0 if _is_variant(wanted.removesuffix(ANY_VARIANT), offered) else None
    if wanted.strip().lower() == offered.strip().lower():
        return 0
    return _distance(wanted, offered)


def _distance(wanted: str, offered: str) -> int | None:
    asked, found = Language.of(wanted), Language.of(offered)
    if asked.language != found.language or (asked.rest and asked.rest != found.rest):
        return None
    named = 1 if found.rest and not asked.rest else 0
    if asked[1:3] == found[1:3]:
        return 1 + named
    if asked.script != found.script:
        is_open = not asked.script and not asked.region and not _names_script(wanted)
        return 9 + named if is_open else None
    if not found.region or _is_in_latin_america(asked, found):
        return 3 + named
    return None if asked.region else 5 + named


def _is_variant(wanted: str, offered: str) -> bool:
    """Return whether a code has all parts of the requested one, and perhaps others."""
    asked, found = Language.of(wanted), Language.of(offered)
    any_script = not asked.script and not _names_script(wanted)
    return (
        asked.language == found.language
        and (any_script or asked.script == found.script)
        and asked.region in {"", found.region}
        and asked.rest in {"", found.rest}
    )


def _is_in_latin_america(asked: Language, found: Language) -> bool:
    """Return whether Latin American Spanish is offered for one of its regions."""
    return (asked.language, found.region) == ("es", "419") and asked.region in _LATIN_AMERICA


def covered(wanted: str, offered: Iterable[str]) -> bool:
    """Return whether an offered language is the requested language or an accepted variant of it."""
    return any(distance(wanted, each) is not None for each in offered)


def without(wanted: Iterable[str], offered: Iterable[str]) -> list[str]:
    """Return the requested languages that are not offered; `all` is offered if any language is."""
    codes = list(offered)
    return [
        each
        for each in wanted
        if not (codes if each.lower() == ALL_LANGUAGES else covered(each, codes))
    ]


def nearest(wanted: str, offered: Iterable[str]) -> list[str]:
    """Return the offered languages that match the requested language, best match first."""
    found = [(far, each) for each in offered if (far := distance(wanted, each)) is not None]
    return [each for _, each in sorted(found)]


def _subtags(code: str) -> tuple[str, str, str, list[str]]:
    """Return language, script, region (empty if missing) and the rest, in lower case."""
    first, *others = _SEPARATOR.split(code.strip().lower())
    if first in _EXTENDED and others and _EXTENSION.fullmatch(others[0]):
        first = others.pop(0)
    script = others.pop(0) if others and _is_script(others[0]) else ""
    region = others.pop(0) if others and _is_region(others[0]) else ""
    return first, script, region, others


def _is_script(subtag: str) -> bool:
    return len(subtag) == 4 and subtag.isalpha() and subtag not in _NO_SCRIPTS


def _is_region(subtag: str) -> bool:
    return (len(subtag) == 2 and subtag.isalpha()) or (len(subtag) == 3 and subtag.isdecimal())


def _names_script(code: str) -> bool:
    """Return whether a code contains a script (`zh-Hans`, not `zh`)."""
    return any(_is_script(part) for part in _SEPARATOR.split(code.lower())[1:])
