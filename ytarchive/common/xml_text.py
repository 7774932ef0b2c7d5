"""XML: documents of other programs, and text in own documents."""

import re
from xml.etree import ElementTree as ET

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""The characters that XML 1.0 cannot contain, even as references."""
_PART = 2**16
"""Bytes parsed at a time, so that other threads can run in between."""


class _WithoutEntities(ET.TreeBuilder):
    def doctype(self, name: str, _public: str | None, _system: str | None) -> None:
        """Refuse a document type, which could declare entities of any size."""
        raise ValueError(f"the document type {name} is not accepted")


def read_xml(content: bytes) -> ET.Element:
    """Return the root of an XML document without a document type. Raises ValueError."""
    parser = ET.XMLParser(target=_WithoutEntities())  # noqa: S314  # without a document type
    try:
        for start in range(0, len(content), _PART):
            parser.feed(content[start : start + _PART])
        root = parser.close()
    except (ET.ParseError, LookupError) as error:
        raise ValueError(str(error)) from error
    if not isinstance(root, ET.Element):
        raise ValueError("the document has no element")  # noqa: TRY004  # content, not an argument
    return root


def xml_text(text: str) -> str:
    """Return a text without the characters that XML cannot contain."""
    return _FORBIDDEN.sub("", text)
