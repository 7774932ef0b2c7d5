"""Parses the documents: links, code spans, code blocks."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]

_BLOCK = re.compile(
    r"^(?:<!-- (?P<mark>[\w ]+) -->\n)?```(?P<language>\w*)\n(?P<code>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_SPAN = re.compile(r"`([^`\n]+)`")


@dataclass(frozen=True)
class Block:
    """A fenced block; `mark` is the HTML comment on the line before it."""

    mark: str
    language: str
    code: str


@dataclass(frozen=True)
class Document:
    """A Markdown file; `path` is relative to the repository."""

    path: Path
    text: str

    @property
    def blocks(self) -> list[Block]:
        found = _BLOCK.finditer(self.text)
        return [Block(each["mark"] or "", each["language"], each["code"]) for each in found]

    @property
    def prose(self) -> str:
        """The text without its fenced blocks."""
        return _BLOCK.sub("", self.text)

    @property
    def links(self) -> list[str]:
        return _LINK.findall(self.prose)

    @property
    def spans(self) -> list[str]:
        return _SPAN.findall(self.prose)

    @property
    def anchors(self) -> set[str]:
        """The anchors of the headings, as GitHub creates them."""
        titles = re.findall(r"^#+ (.+)$", self.prose, re.MULTILINE)
        return {re.sub(r"[^\w -]", "", title).strip().lower().replace(" ", "-") for title in titles}


def document(path: str) -> Document:
    """One document by its path in the repository."""
    return Document(Path(path), (ROOT / path).read_text("utf-8"))


def documents() -> list[Document]:
    """Every document that people read."""
    found = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "tests/standin/README.md"]
    return [document(path.relative_to(ROOT).as_posix()) for path in sorted(found)]
