"""Language codes as YouTube, yt-dlp and people write them, compared by the rules of BCP 47.

YouTube still uses codes that were replaced decades ago (`iw` for Hebrew), names Chinese by script
or by region, and appends the name of a track (`en-nP7-2PuUl7o`) or `orig` to a code.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

# From IANA's registry of subtags: replaced codes, and members of macrolanguages that are meant
# when people name the macrolanguage.
_ALIASES = {
    "iw": "he", "in": "id", "ji": "yi", "jw": "jv", "mo": "ro", "tl": "fil", "sh": "sr",
    "nb": "no", "cmn": "zh", "arb": "ar", "pes": "fa", "swh": "sw", "zsm": "ms", "ekk": "et",
    "lvs": "lv", "npi": "ne", "ory": "or", "khk": "mn", "uzn": "uz", "azj": "az", "plt": "mg",
}  # fmt: skip
_SCRIPTS_OF_REGIONS = {("zh", "tw"): "hant", ("zh", "hk"): "hant", ("zh", "mo"): "hant"}
_USUAL_SCRIPTS = {"zh": "hans", "sr": "cyrl"}
ALL_LANGUAGES = "all"
"""Stands for every language with captions made by people."""

_ORIGINAL = "orig"
_NO_SCRIPTS = frozenset([_ORIGINAL, "desc"])
"""What yt-dlp appends to codes: the spoken language, and the sound of audio descriptions."""
_SEPARATOR = re.compile(r"[-_]")


class Language(NamedTuple):
    """A language code in lower case: language, script, region, and what follows them."""

    language: str
    script: str
    region: str
    rest: str

    @classmethod
    def of(cls, code: str) -> "Language":
        """Read a code; what is missing is empty, and so is the script that is the usual one."""
        first, *others = _SEPARATOR.split(code.strip().lower())
        language = _ALIASES.get(first, first)
        script = others.pop(0) if others and _is_script(others[0]) else ""
        region = others.pop(0) if others and _is_region(others[0]) else ""
        if not script:
            script = "latn" if first == "sh" else _SCRIPTS_OF_REGIONS.get((language, region), "")
        is_usual = script == _USUAL_SCRIPTS.get(language)
        return cls(language, "" if is_usual else script, region, "-".join(others))


def distance(wanted: str, offered: str) -> int | None:
    """How far an offered language is from the wanted one: 0 is the same, None does not match.

    A language without a region stands for its regional variants, and a language without a script
    for all of its scripts. A wanted region falls back to the language without a region, and never
    to another region. A track's name behind an offered code does not matter; one behind a wanted
    code has to match.
    """
    if wanted.strip().lower() == offered.strip().lower():
        return 0
    asked, found = Language.of(wanted), Language.of(offered)
    if asked.language != found.language or (asked.rest and asked.rest != found.rest):
        return None
    named = 1 if found.rest and not asked.rest else 0
    if asked[1:3] == found[1:3]:
        return 1 + named
    if asked.script != found.script:
        is_open = not asked.script and not asked.region and not _names_script(wanted)
        return 9 + named if is_open else None
    if not found.region:
        return 3 + named
    return None if asked.region else 5 + named


def covered(wanted: str, offered: Iterable[str]) -> bool:
    """Return whether an offered language is the requested language or an accepted variant of it."""
    return any(distance(wanted, each) is not None for each in offered)


def without(wanted: Iterable[str], offered: Iterable[str]) -> list[str]:
    """Return the wanted languages that are not offered; `all` is, if there is any."""
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


def _is_script(subtag: str) -> bool:
    return len(subtag) == 4 and subtag.isalpha() and subtag not in _NO_SCRIPTS


def _is_region(subtag: str) -> bool:
    return (len(subtag) == 2 and subtag.isalpha()) or (len(subtag) == 3 and subtag.isdecimal())


def _names_script(code: str) -> bool:
    """Return whether a code names a script itself, as `zh-Hans` does and `zh` does not."""
    return any(_is_script(part) for part in _SEPARATOR.split(code.lower())[1:])
