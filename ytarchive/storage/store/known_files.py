"""Names of files that operating systems, network shares and other programs create.

These files are never part of a video, and are not reported as foreign.
"""

import fnmatch
import re
from pathlib import PurePosixPath

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
    "lost+found", ".Trash", ".Trash-*", ".directory", ".nfs*", ".fuse_hidden*",
    ".smbdelete*", ".cifs*", ".goutputstream-*", ".snapshot", ".snapshots", ".zfs",
    # Synology, QNAP and other storage appliances
    "@eaDir", "@tmp", "#recycle", "#snapshot", "@Recycle", "@Recently-Snapshot", ".@__thumb",
    ".@__comp", ".@upload_cache", ".recycle", "@sharebin", ".SynologyWorkingDirectory",
    # synchronisation and backup programs
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

    `path` is relative to the archive or to a folder in it.
    """
    return any(_KNOWN.match(part) for part in PurePosixPath(path).parts)
