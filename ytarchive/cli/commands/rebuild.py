"""`ytarchive rebuild`."""

from functools import partial

import click
from rich.console import RenderableType

from ytarchive.cli.options import Command
from ytarchive.cli.output import Output, pairs, size
from ytarchive.cli.session import maintaining, when_free, without_services
from ytarchive.common.config import Settings
from ytarchive.logging import Console
from ytarchive.storage import Rebuilt


@click.command(cls=Command)
@partial(without_services, console=Console.NONE)  # problems are reported at the end
async def rebuild(settings: Settings, out: Output) -> None:
    """Rebuild the library's database from the files.

    Use it if `library.db` is damaged or lost, or if files were added or removed by other programs.
    The command sends no request to YouTube, changes no file of a video, and keeps the old database.
    A running server rebuilds its library; its downloads continue, and are stored afterwards.
    """

    def show_progress(videos: int) -> None:
        if videos % 1000 == 0 and not out.as_json:
            out.remark(f"{videos} videos found")

    async with maintaining(settings, show_progress) as maintenance:
        rebuilt = await when_free(maintenance.rebuild)
    out.show(rebuilt, _rebuilt)
    for example in rebuilt.examples[:20]:
        out.line(f"problem: {example}", "yellow")
    if not rebuilt.is_searchable:
        out.remark("The search index is not complete yet; a server or the next start fills it.")


def _rebuilt(rebuilt: Rebuilt) -> RenderableType:
    return pairs(
        [
            ("videos", rebuilt.videos),
            ("metadata", rebuilt.metadata),
            ("playlists", rebuilt.playlists),
            ("work plans", rebuilt.work_plans),
            ("availability", rebuilt.availability),
            ("files", rebuilt.files),
            ("size", size(rebuilt.size_bytes)),
            ("time", f"{rebuilt.seconds:.1f} s"),
            ("problems", rebuilt.problems),
            ("old library", ", ".join(rebuilt.replaced) or None),
        ]
    )
