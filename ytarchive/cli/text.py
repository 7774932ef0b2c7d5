"""Text from elsewhere, made harmless for a terminal."""

_JOINERS = "\u200c\u200d"
"""Invisible, and needed to write Persian, Hindi and families of emoji; they hide nothing."""


def plain(text: str) -> str:
    """One line without control characters, so that no title can colour, move or hide anything.

    Line breaks and tabs become spaces; escapes, direction marks and halves of characters become
    U+FFFD.
    """
    return "".join(_shown(character) for character in text)


def _shown(character: str) -> str:
    if character.isprintable() or character in _JOINERS:
        return character
    return " " if character.isspace() else "\ufffd"
