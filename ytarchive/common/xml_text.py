"""Reads XML of other programs."""

from xml.etree import ElementTree as ET

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
