"""`ytarchive backup` and `ytarchive restore`."""

import asyncio
from pathlib import Path

import click
from rich.console import RenderableType

from ytarchive.cli.options import Command, NamedPath
from ytarchive.cli.output import Output, pairs, size
from ytarchive.cli.session import maintaining, when_free, without_services
from ytarchive.cli.times import moment
from ytarchive.common.config import Settings
from ytarchive.maintenance import Backup, BackupRequest, Restored
from ytarchive.maintenance import restore as put_back

_FOLDER = NamedPath(file_okay=False, path_type=Path)


@click.command(cls=Command)
@click.argument("folder", type=_FOLDER, metavar="DIR")
@without_services
async def backup(settings: Settings, out: Output, folder: Path) -> None:
    """Copy all databases to a new folder in DIR.

    A server may run meanwhile: each copy is a consistent snapshot of its database. Copy the
    archive's files with any tool for files. With --server, DIR is a folder of the server's machine,
    below a folder of its setting `storage.allowed_roots`.
    """
    request = _request(folder)
    async with maintaining(settings, beside_server=True) as maintenance:
        out.show(await maintenance.back_up(request), _backup)


@click.command(cls=Command)
@click.argument("folder", type=_FOLDER, metavar="DIR")
@without_services
async def restore(settings: Settings, out: Output, folder: Path) -> None:
    """Replace the databases with those of a backup.

    DIR is a backup, or a folder of backups, of which the newest is used. The backup is checked
    before anything is changed, and replaced databases are kept. No server may run.
    """
    restored = await when_free(lambda: asyncio.to_thread(put_back, settings.storage, folder))
    out.show(restored, _restored)
    out.remark("`ytarchive rebuild` adds videos that were stored after the backup.")


def _request(folder: Path) -> BackupRequest:
    return BackupRequest(folder=str(folder.absolute()))


def _backup(made: Backup) -> RenderableType:
    return pairs([("backup", made.path), ("archive", made.manifest.archive), *_databases(made)])


def _restored(done: Restored) -> RenderableType:
    facts = [("backup", done.path), ("made", moment(done.manifest.created_at))]
    kept = [("kept" if not number else "", path) for number, path in enumerate(done.replaced)]
    return pairs([*facts, *_databases(done), *kept])


def _databases(backup: Backup) -> list[tuple[str, object]]:
    return [(each.name, size(each.size_bytes)) for each in backup.manifest.databases]
