"""Foreign files: what is in the videos' folder and was never stored by ytarchive.

Operating systems, network shares, synchronisation programs and media servers leave files of their
own everywhere. Those are known, and no finding. Others can be accepted by the archive's owner.
"""

import fnmatch
import json
import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from loguru import logger

from ytarchive.common.file_names import file_name, stored_name
from ytarchive.common.json_text import json_bytes
from ytarchive.common.regular import read_regular
from ytarchive.common.rows import UNREADABLE
from ytarchive.storage import files
from ytarchive.storage.layout import Layout

log = logger.bind(service="storage")

_KNOWN_NAMES = (
    # macOS
    ".DS_Store", "._*", ".AppleDouble", ".AppleDB", ".AppleDesktop", ".apdisk", ".localized",
    ".Spotlight-V100", ".TemporaryItems", ".Trashes", ".DocumentRevisions-V100", ".fseventsd",
    ".VolumeIcon.icns", "Icon\r", ".metadata_never_index", ".com.apple.*", "Network Trash Folder",
    "Temporary Items",
    # Windows
    "Thumbs.db", "Thumbs.db:encryptable", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini",
    "$RECYCLE.BIN", "RECYCLER", "System Volume Information",
    # Linux file systems, desktops and network shares
    "lost+found", ".Trash", ".Trash-*", ".directory", ".hidden", ".nfs*", ".fuse_hidden*",
    ".smbdelete*", ".cifs*", ".goutputstream-*", ".snapshot", ".snapshots", ".zfs",
    # Synology, QNAP and other storage appliances
    "@eaDir", "@tmp", "#recycle", "#snapshot", "@Recycle", "@Recently-Snapshot", ".@__thumb",
    ".@__comp", ".@upload_cache", ".recycle", "@sharebin", ".SynologyWorkingDirectory",
    # programs that synchronise or back up
    ".stfolder", ".stfolder*", ".stversions", ".stignore", ".syncthing.*", "~syncthing~*", ".sync",
    ".dropbox", ".dropbox.*", ".owncloudsync.log", ".nextcloudsync.log", "._sync_*", ".sync_*.db*",
    ".rsync-*", ".~tmp~", ".resilio*", ".bzvol",
    # media servers and players
    "*.nfo", "*.bif", "*.trickplay", ".nomedia", ".plexignore", ".plexmatch", ".ignore", ".actors",
    "folder.jpg", "folder.png", "poster.jpg", "poster.png", "fanart.jpg", "fanart.png",
    "backdrop.jpg", "backdrop.png", "banner.jpg", "banner.png", "landscape.jpg", "landscape.png",
    "clearlogo.png", "*-poster.jpg", "*-fanart.jpg", "*-thumb.jpg", "*-banner.jpg",
)  # fmt: skip
_KNOWN = re.compile("|".join(map(fnmatch.translate, _KNOWN_NAMES)), re.IGNORECASE)


def is_known_foreign(path: str) -> bool:
    """Return whether a file or one of its folders has a name that other programs use.

    `path` is relative to the archive, or to any folder of it.
    """
    return any(_KNOWN.match(part) for part in PurePosixPath(path).parts)


class AcceptedFiles:
    """Foreign files that the owner wants to keep where they are.

    They are recorded in `metadata/accepted_files.json`, so that `rebuild` leaves them accepted.
    Everything here blocks.
    """

    def __init__(self, layout: Layout) -> None:
        self._path = layout.metadata / "accepted_files.json"
        self._scratch = layout.scratch

    def paths(self) -> frozenset[str]:
        """Return the accepted paths, relative to the archive, as databases keep them."""
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
