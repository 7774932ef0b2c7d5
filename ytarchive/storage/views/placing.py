"""Gives each planned entry a path that no other owner has, on systems that ignore case as well."""

import hashlib
from collections.abc import Iterable, Mapping
from itertools import accumulate, chain, count

from ytarchive.storage.views.entries import Entry, joined
from ytarchive.storage.views.names import folded
from ytarchive.storage.views.records import Record
from ytarchive.storage.views.repository import Records


async def placed(
    plans: Mapping[str, list[Entry]], records: Records, view: str
) -> dict[tuple[str, str], tuple[Record, Entry]]:
    """Return the entries by place, with a number where other owners have the same path."""
    folds = {owner: _folds(entries) for owner, entries in plans.items()}
    taken = await records.taken(view, chain.from_iterable(folds.values()))
    # A path of an owner that is planned now is free unless its own plan takes it.
    taken = {fold: owner for fold, owner in taken.items() if owner not in plans}
    wanted: dict[tuple[str, str], tuple[Record, Entry]] = {}
    for owner, entries in plans.items():
        chosen = folds[owner]
        for number in count(2):
            if all(taken.get(fold, owner) == owner for fold in chosen):
                break
            chosen = _folds(_numbered(entry, number) for entry in entries)
            taken |= await records.taken(view, chosen)
        for fold, entry in chosen.items():
            taken[fold] = owner
            record = _record(owner, entry)
            wanted[record.place] = (record, entry)
    return wanted


async def spelled(
    plans: Mapping[str, list[Entry]], records: Records, view: str
) -> dict[str, list[Entry]]:
    """Return the entries, with one spelling for folders that systems without case take for one.

    It is the spelling that the view has already, or the first one of the plans.
    """
    folders = {entry.folder for entries in plans.values() for entry in entries} - {""}
    lineage = {folder: list(accumulate(folder.split("/"), joined)) for folder in folders}
    spelling = await records.spellings(view, {folded(e) for each in lineage.values() for e in each})
    for path in (path for folder in sorted(folders) for path in lineage[folder]):
        parent, _, name = path.rpartition("/")
        spelling.setdefault(folded(path), joined(spelling.get(folded(parent), ""), name))
    return {
        owner: [e._replace(folder=spelling.get(folded(e.folder), e.folder)) for e in entries]
        for owner, entries in plans.items()
    }


def _record(owner: str, entry: Entry) -> Record:
    if entry.source is not None:
        source, digest = entry.source.key, entry.source.digest
    else:
        source, digest = None, hashlib.sha256(entry.content).hexdigest()
    return Record(entry.folder, f"{entry.stem}{entry.suffix}", owner, source, digest)


def _folds(entries: Iterable[Entry]) -> dict[str, Entry]:
    return {folded(entry.path): entry for entry in entries}


def _numbered(entry: Entry, number: int) -> Entry:
    return entry._replace(stem=f"{entry.stem} ({number})")
