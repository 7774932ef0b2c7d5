"""Chooses the names of the folders of channels and playlists in a view."""

from dataclasses import dataclass, field

from ytarchive.common.database import Writer
from ytarchive.storage.views import names
from ytarchive.storage.views.entries import Folder
from ytarchive.storage.views.repository import Records


@dataclass
class FolderNames:
    """The names of one view. Two folders never differ by case or composition alone."""

    view: str
    _names: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Title and name, by key."""
    _taken: dict[str, str] = field(default_factory=dict)
    """The keys, by the name as systems ignore case."""
    new: list[str] = field(default_factory=list)
    """The keys whose names are not recorded yet."""

    @classmethod
    async def read(cls, records: Records, view: str) -> "FolderNames":
        """Return the recorded names of a view."""
        rows = await records.database.fetch_all("get_folders", {"view": view})
        known = {row["key"]: (row["title"], row["name"]) for row in rows}
        taken = {names.folded(name): key for key, (_, name) in known.items()}
        return cls(view, known, taken)

    def name(self, folder: Folder) -> tuple[str, bool]:
        """Return a folder's name, and whether it replaces another name."""
        known = self._names.get(folder.key)
        if known is not None and known[0] == folder.title:
            return known[1], False
        if known is not None:
            del self._taken[names.folded(known[1])]
        chosen = names.name(folder.title, otherwise=folder.key)
        if names.folded(chosen) in self._taken:
            chosen = names.name(folder.title, f" [{folder.key}]", otherwise=folder.key)
        self._names[folder.key] = (folder.title, chosen)
        self._taken[names.folded(chosen)] = folder.key
        self.new.append(folder.key)
        return chosen, known is not None and known[1] != chosen

    def save(self, writer: Writer) -> None:
        """Record the names that are not recorded yet."""
        rows = [
            (self.view, key, title, name, names.folded(name))
            for key, (title, name) in ((each, self._names[each]) for each in self.new)
        ]
        # A name that moved from one key to another is free before it is used again.
        writer.execute_many("free_folder", [(self.view, key) for key in self.new])
        writer.execute_many("set_folder", rows)
        self.new.clear()
