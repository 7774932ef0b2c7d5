"""Text from elsewhere, made harmless for a terminal."""


def plain(text: str) -> str:
    """One line without control characters, so that no title can colour, move or hide anything.

    Line breaks and tabs become spaces; escapes, direction marks and halves of characters become
    U+FFFD.
    """
    return "".join(_shown(character) for character in text)


def _shown(character: str) -> str:
    if character.isprintable():
        return character
    return " " if character.isspace() else "\ufffd"
