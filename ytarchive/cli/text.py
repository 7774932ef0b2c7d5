"""Text from outside, made safe for a terminal."""

_JOINERS = "\u200c\u200d"
"""Invisible joiners that Persian, Hindi and emoji sequences need."""

_LONGEST_TITLE = 200
"""Twice YouTube's limit."""


def plain(text: str) -> str:
    r"""Return one line without control characters, so that a title cannot change the terminal.

    Line breaks and tabs become spaces; escapes, direction marks and lone surrogates become
    U+FFFD. A byte of a file name that is not UTF-8 becomes `\xfc`.
    """
    return "".join(_shown(character) for character in text)


def counted(number: int, noun: str, more: str = "") -> str:
    """Return a number and its noun, as `1 video` and `2 videos`, with `more` between them."""
    return f"{number}{more} {noun}{'' if number == 1 and not more else 's'}"


def shortened(text: str) -> str:
    """Return a title for a list, shortened if it is very long."""
    return text if len(text) <= _LONGEST_TITLE else text[: _LONGEST_TITLE - 1] + "…"


def _shown(character: str) -> str:
    if character.isprintable() or character in _JOINERS:
        return character
    if "\udc80" <= character <= "\udcff":
        return f"\\x{ord(character) - 0xDC00:02x}"
    return " " if character.isspace() else "\ufffd"
