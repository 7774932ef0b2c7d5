"""Backup and restore of all databases of an archive.

A backup is a folder with a copy of each database and `manifest.json`, with their digests. It does
not contain the archive's files, which any program can copy.
"""

import hashlib
import shutil
from pathlib import Path

from pydantic import Field

from ytarchive import __version__
from ytarchive.common import errors, snapshots, swap
from ytarchive.common.config import StorageConfig
from ytarchive.common.disk import os_errors, sync
from ytarchive.common.file_lock import held_files
from ytarchive.common.json_text import stored_json
from ytarchive.common.lock import StateLock
from ytarchive.common.models import Model, UtcDatetime, utc_now
from ytarchive.common.regular import open_regular, read_regular
from ytarchive.common.services import ServiceName
from ytarchive.jobs import JOBS_SCHEMA
from ytarchive.logging import LOGS_SCHEMA
from ytarchive.metadata import METADATA_SCHEMA
from ytarchive.notifications import NOTIFICATIONS_SCHEMA
from ytarchive.retention import RETENTION_SCHEMA
from ytarchive.storage import (
    FEEDS_SCHEMA,
    LIBRARY_SCHEMA,
    SEARCH_SCHEMA,
    VIEWS_SCHEMA,
    Access,
    open_identity,
    restore_marks,
)
from ytarchive.subscriptions import SUBSCRIPTIONS_SCHEMA

# Jobs is copied before the library: a video that is stored meanwhile is then in the library and
# still in the queue, which finds it stored. In the other order it would be missing from both.
# Subscriptions are copied before jobs: a check that ends meanwhile is repeated, and finds its job.
DECLARED = (
    RETENTION_SCHEMA,
    SUBSCRIPTIONS_SCHEMA,
    JOBS_SCHEMA,
    NOTIFICATIONS_SCHEMA,
    METADATA_SCHEMA,
    LIBRARY_SCHEMA,
    FEEDS_SCHEMA,
    SEARCH_SCHEMA,
    VIEWS_SCHEMA,
    LOGS_SCHEMA,
)
"""Every database of an archive."""
_DATABASES = {schema.file: schema for schema in DECLARED if schema.in_backups}
_MANIFEST = "manifest.json"


class BackedUp(Model):
    """One database of a backup."""

    name: str
    size_bytes: int
    sha256: str = Field(description="Hexadecimal")
    schema_version: int


class Manifest(Model):
    """The content of a backup."""

    created_at: UtcDatetime
    ytarchive: str = Field(description="Version of ytarchive that made the backup")
    archive: str = Field(description="Folder of the archive at that time")
    archive_id: str | None = Field(
        default=None, description="The archive's identity; null in backups of earlier versions"
    )
    databases: list[BackedUp]


class Backup(Model):
    """A backup and its path."""

    path: str
    manifest: Manifest


class Restored(Backup):
    """The result of a restore."""

    replaced: list[str] = Field(description="The replaced files, which are kept")


def back_up(config: StorageConfig, folder: Path) -> Backup:
    """Copy all databases to `folder/<time>/`; a server may be running.

    Raises NotFound if there are none, ArchiveMissing, WrongArchive or NotAnArchive, DatabaseCorrupt
    if a database is damaged, and NotWritable, DiskFull or FileFailure.
    """
    identity = open_identity(config, Access.READ)
    present = [name for name in _DATABASES if (config.state_path / name).exists()]
    if not present:
        raise errors.NotFound(f"there are no databases in {config.state_path}")
    time = f"{utc_now():%Y%m%dT%H%M%S.%fZ}"
    partial = folder / f".partial-{time}"
    with os_errors(folder):
        partial.mkdir(parents=True)
        try:
            databases = [_copied(config.state_path / name, partial / name) for name in present]
            manifest = Manifest(
                created_at=utc_now(),
                ytarchive=__version__,
                archive=str(config.base_path.resolve()),
                archive_id=identity.id if identity else None,
                databases=databases,
            )
            (partial / _MANIFEST).write_text(manifest.model_dump_json(indent=2) + "\n", "utf-8")
            _sync_all(partial)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
        made = partial.rename(folder / time)
        sync(folder)
    return Backup(path=str(made), manifest=manifest)


def restore(config: StorageConfig, folder: Path) -> Restored:
    """Replace all databases by those of a backup, or none; the replaced ones are kept.

    Marks are read from the archive's files, which are newer.

    `folder`: a backup, or a folder of backups, of which the newest is taken. Everything is checked
    before anything is changed. Raises StateLocked while a process uses the archive, ArchiveMissing,
    WrongArchive (also for a backup of another archive), NotAnArchive, NotFound, BackupDamaged,
    DatabaseCorrupt, DatabaseUnsupported, NotWritable, DiskFull or FileFailure.
    """
    source = _newest(folder)
    manifest = _read_manifest(source / _MANIFEST)
    identity = open_identity(config, Access.WRITE)
    if identity and manifest.archive_id not in {None, identity.id}:
        message = f"{source} is a backup of the archive {manifest.archive_id}"
        raise errors.WrongArchive(f"{message}; {config.base_path} holds {identity.id}")
    present = [config.state_path / name for name in _DATABASES]
    with (
        StateLock(config.state_path, ServiceName),
        held_files(present),
        os_errors(config.state_path),
    ):
        prepared = swap.prepare(config.state_path)
        try:
            for database in manifest.databases:
                shutil.copyfile(_existing(source / database.name), prepared / database.name)
                _check(prepared / database.name, database, source)
            if (library := prepared / LIBRARY_SCHEMA.file).exists():
                restore_marks(library, config)
        except BaseException:
            shutil.rmtree(prepared, ignore_errors=True)
            raise
        replaced = swap.commit(prepared)
    return Restored(path=str(source), manifest=manifest, replaced=[str(path) for path in replaced])


def _copied(source: Path, target: Path) -> BackedUp:
    schema = _DATABASES[source.name]
    change = schema.queries()[schema.in_copies] if schema.in_copies else ""
    snapshots.take(source, target, change)
    try:
        version = snapshots.check(target)
    except errors.DatabaseCorrupt:
        snapshots.check(source)  # the source is damaged, and the error must name it
        raise
    return BackedUp(
        name=source.name,
        size_bytes=target.stat().st_size,
        sha256=_sha256(target),
        schema_version=version,
    )


def _newest(folder: Path) -> Path:
    if (folder / _MANIFEST).is_file():
        return folder
    found = sorted(path.parent for path in folder.glob(f"[0-9]*/{_MANIFEST}"))
    if not found:
        raise errors.NotFound(f"there is no backup in {folder}")
    return found[-1]


def _read_manifest(path: Path) -> Manifest:
    with os_errors(path):
        content = read_regular(path, follow_links=True)
    try:
        manifest = Manifest.model_validate(stored_json(content))
    except (ValueError, errors.YTArchiveError):
        raise errors.BackupDamaged(f"{path} is not the manifest of a backup") from None
    names = [database.name for database in manifest.databases]
    unknown = [name for name in names if name not in _DATABASES]
    if unknown or not names or len(names) != len(set(names)):
        raise errors.BackupDamaged(
            f"{path} names what is no database of an archive: {unknown or names}"
        )
    return manifest


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise errors.BackupDamaged(f"{path} is missing; nothing was changed")
    return path


def _check(copy: Path, recorded: BackedUp, source: Path) -> None:
    """Refuse a copy that differs from its record, or that this version cannot read."""
    name = source / recorded.name
    if copy.stat().st_size != recorded.size_bytes or _sha256(copy) != recorded.sha256:
        raise errors.BackupDamaged(f"{name} has changed since the backup; nothing was changed")
    try:
        version = snapshots.check(copy)
    except errors.DatabaseCorrupt:
        raise errors.BackupDamaged(f"{name} is damaged; nothing was changed") from None
    known = _DATABASES[recorded.name].version
    if version != known:
        message = f"{name} is of another ytarchive (schema {version}, this one uses {known})"
        raise errors.DatabaseUnsupported(f"{message}; nothing was changed")


def _sha256(path: Path) -> str:
    with open_regular(path, follow_links=True) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync_all(folder: Path) -> None:
    for path in [*folder.iterdir(), folder]:
        sync(path)
