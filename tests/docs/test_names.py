"""What the documents name exists: files, settings, commands and their options, addresses."""

import re
import shlex
from pathlib import Path
from urllib.parse import urlsplit

import click
import pytest

from tests.docs.markdown import ROOT, Document, document, documents
from ytarchive.cli.root import root
from ytarchive.common.config import Settings
from ytarchive.common.contract import endpoints
from ytarchive.common.profile import ArchiveProfile
from ytarchive.common.services import API_PREFIX
from ytarchive.http import CONTRACTS

SECTIONS = {name: field.annotation for name, field in Settings.model_fields.items()}
SETTING = re.compile(rf"({'|'.join(SECTIONS)})\.(?!db)([a-z_]+)")
VARIABLE = re.compile(r"YTARCHIVE_([A-Z]+)__([A-Z_]+)")
SOURCE_FILE = re.compile(r"\w[\w./-]*/[\w.-]+\.(py|sql|md|json)")
DEFAULT = re.compile(r"^\| `(\w+)\.(\w+)` \| `([^`]+)` \|", re.MULTILINE)
ASSIGNMENT = re.compile(r"[A-Z_]+=\S+")

every_document = pytest.mark.parametrize("doc", documents(), ids=lambda doc: str(doc.path))


@every_document
def test_links_have_existing_targets(doc: Document) -> None:
    broken = [link for link in doc.links if not urlsplit(link).scheme and not _leads(doc, link)]
    assert not broken


def _leads(doc: Document, link: str) -> bool:
    path, _, anchor = link.partition("#")
    target = (ROOT / doc.path).parent / path if path else ROOT / doc.path
    if not target.exists():
        return False
    return not anchor or anchor in document(target.resolve().relative_to(ROOT).as_posix()).anchors


@every_document
def test_files_named_in_the_documents_exist(doc: Document) -> None:
    """Paths of this repository, with `ytarchive/` left out or not."""
    named = [span for span in doc.spans if SOURCE_FILE.fullmatch(span)]
    places = [ROOT, ROOT / "ytarchive", ROOT / "ytarchive/storage", ROOT / doc.path.parent]
    assert [n for n in named if not any((place / n).exists() for place in places)] == []


@every_document
def test_settings_named_in_the_documents_exist(doc: Document) -> None:
    named = [found.groups() for span in doc.spans if (found := SETTING.fullmatch(span))]
    named += [(s.lower(), f.lower()) for s, f in VARIABLE.findall(doc.text)]
    assert [f"{s}.{f}" for s, f in named if not _is_setting(s, f)] == []


def _is_setting(section: str, field: str) -> bool:
    if section == "profiles":
        return field.partition("__")[2] in ArchiveProfile.model_fields
    return field in getattr(SECTIONS.get(section), "model_fields", {})


def test_the_readme_gives_the_real_defaults() -> None:
    rows = DEFAULT.findall(document("README.md").text)
    shown = {(section, field): default for section, field, default in rows}
    for (section, field), default in shown.items():
        if field not in {"state_dir", "api_key"}:  # these follow another setting, or a variable
            declared = SECTIONS[section].model_fields[field].default  # type: ignore[union-attr]  # sections are models
            assert default == str(declared), f"{section}.{field}"
    assert len(shown) > 5


@every_document
def test_commands_in_the_documents_exist(doc: Document) -> None:
    spans = [span for span in doc.spans if span.startswith("ytarchive ")]
    shell = [block.code for block in doc.blocks if block.language == "sh"]
    lines = [line for code in shell for line in code.splitlines()]
    wrong = [text for text in spans + lines if (words := _words(text)) and _misspelt(words)]
    assert not wrong


def _words(line: str) -> list[str]:
    """The arguments of a line that runs ytarchive; empty if it does not."""
    words = shlex.split(line, comments=True) if "ytarchive" in line else []
    while words and ASSIGNMENT.fullmatch(words[0]):
        words = words[1:]
    return words[1:] if words[:1] == ["ytarchive"] else []


def _misspelt(words: list[str]) -> bool:
    """Whether there is no such command, or it has no such options."""
    command: click.Command = root
    context = click.Context(command, info_name="ytarchive")
    for word in words:
        if isinstance(command, click.Group) and not word.startswith("-"):
            _, found, _ = command.resolve_command(context, [word])
            if found is None:
                return True
            command = found
            context = click.Context(command, info_name=word, parent=context)
    known = {name for parameter in command.get_params(context) for name in parameter.opts}
    given = {word.partition("=")[0] for word in words if word.startswith("-")}
    return not given <= known


@every_document
def test_addresses_in_the_documents_exist(doc: Document) -> None:
    named = re.findall(rf"{API_PREFIX}(/[\w/{{}}.-]*\w}}?)", doc.text)
    declared = [each.path for contract in CONTRACTS for each in endpoints(contract)]
    patterns = [re.sub(r"{\w+}", r"[^/]+", path) for path in [*declared, "/openapi.json"]]
    unknown = [path for path in named if not any(re.fullmatch(p, path) for p in patterns)]
    assert not unknown


def test_make_targets_in_the_documents_exist() -> None:
    makefile = Path(ROOT / "Makefile").read_text()
    named = {target for doc in documents() for target in re.findall(r"`make (\w+)`", doc.text)}
    assert named
    assert [target for target in named if f"\n{target}:" not in makefile] == []


def test_the_architecture_lists_every_contract() -> None:
    text = (ROOT / "docs/architecture.md").read_text()
    assert [each.__name__ for each in CONTRACTS if f"`{each.__name__}`" not in text] == []
