"""Records the archives that this user has opened: `archives.json` in the user's state folder.

The record is outside the archives, so that the folder of an unmounted archive is recognized.
"""

import fcntl
import json
import os
import secrets
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

import platformdirs
from loguru import logger

from ytarchive.common.disk import sync, write_new
from ytarchive.common.models import utc_now

log = logger.bind(service="common")

_FILE = "archives.json"


@dataclass(frozen=True)
class KnownArchive:
    """An archive, its path, and since when it is known at that path.

    Not a model, because models refuse paths that are not UTF-8.
    """

    path: str
    id: str
    recorded_at: str


def state_folder() -> Path | None:
    """Return the user's state folder for ytarchive; None for a user without a home folder."""
    named = os.environ.get("XDG_STATE_HOME", "").strip()
    try:
        folder = Path(named) if named else platformdirs.user_state_path()
    except RuntimeError:  # neither HOME nor an entry in the user database
        return None
    return folder / "ytarchive" if folder.is_absolute() else None


class KnownArchives:
    """Reads and writes the record. Errors are logged and not raised."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    @classmethod
    def of_user(cls) -> Self:
        """Return the record of this process's user."""
        return cls(state_folder())

    def recorded(self, paths: Iterable[Path]) -> list[KnownArchive]:
        """Return the records of these paths."""
        wanted = set(map(str, paths))
        return [each for each in self._read() if each.path in wanted]

    def record(self, paths: Iterable[Path], archive_id: str, *, moved: bool = False) -> None:
        """Record an archive under each path. `moved` removes its other paths."""
        wanted = dict.fromkeys(map(str, paths))
        present = self._read()
        known = {each.path for each in present if each.id == archive_id}
        if wanted.keys() <= known and not (moved and known - wanted.keys()):
            return
        if self._folder is None:
            log.warning("the archive's path is not recorded: this user has no home folder")
            return
        try:
            self._change(self._folder, list(wanted), archive_id, moved=moved)
        except OSError as error:
            log.warning("the archive's path is not recorded in {}: {}", self._folder, error)

    def _change(self, folder: Path, paths: list[str], archive_id: str, *, moved: bool) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _locked(folder / f"{_FILE}.lock"):
            kept = [
                each
                for each in self._read(keep_damaged=True)
                if each.path not in paths and not (moved and each.id == archive_id)
            ]
            now = f"{utc_now():%Y-%m-%dT%H:%M:%SZ}"
            added = [KnownArchive(path=path, id=archive_id, recorded_at=now) for path in paths]
            _replace(folder / _FILE, [*kept, *added])

    def _read(self, *, keep_damaged: bool = False) -> list[KnownArchive]:
        if self._folder is None:
            return []
        path = self._folder / _FILE
        try:
            with path.open("rb") as file:
                return _parsed(file.read(16 * 2**20))
        except FileNotFoundError:
            return []
        except (ValueError, TypeError, KeyError):
            log.warning("{} is damaged: archives recorded there are not recognized", path)
            if keep_damaged:
                path.replace(path.with_name(f"{_FILE}.damaged"))
        except OSError as error:
            log.warning("{} cannot be read: {}", path, error.strerror)
        return []


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold a lock file during the block. Raises TimeoutError, which is an OSError."""
    with path.open("ab") as file:
        deadline = time.monotonic() + 5.0
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise TimeoutError(f"{path} is locked") from None
                time.sleep(0.02)
        yield


def _parsed(content: bytes) -> list[KnownArchive]:
    """Return the records. Raises ValueError, TypeError or KeyError for any other content."""
    return [
        KnownArchive(str(each["path"]), str(each["id"]), str(each["recorded_at"]))
        for each in json.loads(content)["archives"]
    ]


def _replace(path: Path, archives: list[KnownArchive]) -> None:
    content = {"version": 1, "archives": [asdict(each) for each in archives]}
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    write_new(draft, [json.dumps(content, indent=2).encode() + b"\n"])
    try:
        draft.replace(path)
    except OSError:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise
    sync(path.parent)
