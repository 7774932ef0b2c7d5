"""The languages of captions and sound that a request can name."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from ytarchive.common.languages import ALL_LANGUAGES, ANY_VARIANT

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9_-]{1,32})?")
_WILDCARD = re.compile(r"[-_.]?\*$")


def parse_language(text: str) -> str:
    """Return a language code such as `en` or `zh-Hans`, `all`, or all variants, as `en-*`.

    `en.*` and `en*` are other forms of `en-*`. Raises ValueError.
    """
    text = text.strip()
    code = _WILDCARD.sub("", text)
    if _LANGUAGE.fullmatch(code) and (code == text or code.lower() != ALL_LANGUAGES):
        return code + ANY_VARIANT * (code != text)
    raise ValueError(f"{text[:80]!r} is no language code, such as en, pt-BR or en-*, and not `all`")


def parse_audio_language(text: str) -> str:
    """Return a language code such as `de` or `pt-BR`. Raises ValueError."""
    text = text.strip()
    if _LANGUAGE.fullmatch(text) and text.lower() != ALL_LANGUAGES:
        return text
    raise ValueError(f"{text[:80]!r} is no language code, such as de or pt-BR")


CaptionLanguages = Annotated[
    list[Annotated[str, AfterValidator(parse_language)]],
    Field(
        max_length=50,
        description="Language codes such as `en` or `pt-BR`, in any case, compared by BCP 47: `he` "
        "finds `iw`, `zh-CN` finds `zh-Hans`; `en` includes its regional variants, of which one is "
        "fetched, `en-*` (or `en.*`) is each of them, `all` is every language. `all` and `en-*` "
        "mean captions made by people. An empty list means no captions",
    ),
]
"""Languages of captions."""

AudioLanguage = Annotated[
    str,
    AfterValidator(parse_audio_language),
    Field(
        description="Language of the sound, such as `de` or `pt-BR`; null: the original",
        examples=["de"],
    ),
]
"""The language of a video's sound."""
