"""`ytarchive upgrade-ytdlp`."""

import click
from rich.console import RenderableType

from ytarchive.cli.options import Command
from ytarchive.cli.output import Output, cell
from ytarchive.cli.session import without_services
from ytarchive.common.config import Settings
from ytarchive.maintenance import Upgraded, upgrade_yt_dlp


@click.command(cls=Command, name="upgrade-ytdlp")
@without_services
async def upgrade_ytdlp(settings: Settings, out: Output) -> None:
    """Update yt-dlp by the pip of this Python.

    The new version is tried first; if it does not work, nothing changes. A running server uses the
    new version within a minute for the next videos.
    """
    out.show(await upgrade_yt_dlp(), _shown)


def _shown(done: Upgraded) -> RenderableType:
    if done.after == done.before:
        return cell(f"yt-dlp {done.before} is the newest version.")
    return cell(
        f"yt-dlp {done.after} replaces {done.before}. If work waits because of yt-dlp, run "
        "`ytarchive resume`."
    )
