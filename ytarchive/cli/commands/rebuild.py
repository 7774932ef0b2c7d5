"""`ytarchive rebuild`."""

import click
from rich.console import RenderableType

from ytarchive.cli.options import Command
from ytarchive.cli.output import Output, pairs, size
from ytarchive.cli.session import (
    chosen,
    log_offline,
    maintaining,
    read_settings,
    run_to_end,
    when_free,
)
from ytarchive.storage import Rebuilt

_REPORT_EVERY = 1000
_EXAMPLES_SHOWN = 20


@click.command(cls=Command)
def rebuild() -> int:
    """Rebuild the library's database from the files.

    Use it if `library.db` is damaged or lost, or if files were added or removed by other programs.
    The command sends no request to YouTube, changes no file of a video, and keeps the old database.
    A running server rebuilds its library; its downloads continue, and are stored afterwards.
    """
    options = chosen()
    settings = read_settings(options)
    out = Output(as_json=options.json)
    log_offline(options.verbose, warnings=False)  # problems are reported at the end

    def show_progress(videos: int) -> None:
        if videos % _REPORT_EVERY == 0 and not out.as_json:
            out.remark(f"{videos} videos found")

    async def work() -> int:
        async with maintaining(settings, show_progress) as maintenance:
            rebuilt = await when_free(maintenance.rebuild)
        out.show(rebuilt, _rebuilt)
        for example in rebuilt.examples[:_EXAMPLES_SHOWN]:
            out.line(f"problem: {example}", "yellow")
        if not rebuilt.is_searchable:
            out.remark("The search index is not complete yet; a server or the next start fills it.")
        return 0

    return run_to_end(work()) or 0


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
