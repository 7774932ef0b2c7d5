"""`ytarchive init`."""

from pathlib import Path

import click
from rich.console import RenderableType

from ytarchive.cli.options import Command, Globals, NamedPath
from ytarchive.cli.output import Output, pairs
from ytarchive.cli.session import when_free, without_services
from ytarchive.common.config import Settings
from ytarchive.storage import Initialized, initialize


def _use(context: click.Context, parameter: click.Parameter, folder: Path | None) -> None:
    if folder is not None:
        context.ensure_object(Globals).base_path = folder


@click.command(cls=Command)
@click.argument(
    "folder", type=NamedPath(file_okay=False, path_type=Path), metavar="[DIR]", required=False,
    callback=_use, expose_value=False,
)  # fmt: skip
@click.option(
    "--new", is_flag=True, help="Create a new archive although another one is recorded here."
)
@click.option(
    "--moved", is_flag=True, help="Use the archive in this folder, and record its new path."
)
@without_services
async def init(settings: Settings, out: Output, new: bool, moved: bool) -> None:
    """Create an archive in DIR (default: storage.base_path).

    The folder gets an identity, by which later commands recognise it, so that the empty folder of
    an unmounted disk is never used as the archive. Repeating the command changes nothing. An
    archive of an earlier version keeps all its files.

    --new is for a lost archive: its databases are renamed and kept.
    """
    if new and moved:
        raise click.UsageError("--new and --moved exclude each other.")
    done = await when_free(lambda: initialize(settings.storage, new=new, moved=moved))
    out.show(done, _initialized)


def _initialized(done: Initialized) -> RenderableType:
    state = "created" if done.is_new else "recorded"
    kept = [("kept" if not number else "", path) for number, path in enumerate(done.set_aside)]
    return pairs([("archive", done.path), ("id", done.id), ("state", state), *kept])
