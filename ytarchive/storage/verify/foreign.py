"""Foreign files that the user has accepted."""

import json
from collections.abc import Iterable

from loguru import logger

from ytarchive.common.file_names import file_name, stored_name
from ytarchive.common.json_text import json_bytes
from ytarchive.common.regular import read_regular
from ytarchive.common.rows import UNREADABLE
from ytarchive.storage.store import files
from ytarchive.storage.store.layout import Layout

log = logger.bind(service="storage")


class AcceptedFiles:
    """Foreign files that the user has accepted, which are no longer reported.

    They are recorded in `metadata/accepted_files.json`, so that they stay accepted after `rebuild`.
    Everything here blocks.
    """

    def __init__(self, layout: Layout) -> None:
        self._path = layout.metadata / "accepted_files.json"
        self._scratch = layout.scratch

    def paths(self) -> frozenset[str]:
        """Return the accepted paths, relative to the archive, as stored in databases."""
        try:
            recorded = json.loads(read_regular(self._path))
            return frozenset(stored_name(path) for path in recorded["paths"])
        except FileNotFoundError:
            return frozenset()
        except (OSError, *UNREADABLE, RecursionError) as error:
            log.warning("{}: no foreign file counts as accepted: {}", self._path, error)
            return frozenset()

    def add(self, paths: Iterable[str]) -> frozenset[str]:
        """Accept further files; return all accepted paths. Raises DiskFull or NotWritable."""
        accepted = self.paths() | frozenset(paths)
        content = {"version": 1, "paths": sorted(map(file_name, accepted))}
        files.write_atomically(self._path, json_bytes(content, indent=2), self._scratch)
        return accepted
