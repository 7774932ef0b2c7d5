"""`ytarchive history`."""

import click

from ytarchive.cli.history_views import lost_table, shown_history
from ytarchive.cli.options import Command
from ytarchive.cli.output import Output
from ytarchive.cli.paging import paged
from ytarchive.cli.params import VIDEO
from ytarchive.cli.session import reading
from ytarchive.discovery import Archive
from ytarchive.storage import HistoryAPI, LostQuery, RefreshesAPI


@click.command(cls=Command)
@click.argument("video", type=VIDEO, required=False)
@click.option("--lost", is_flag=True, help="List stored videos that are unavailable on YouTube.")
@paged(LostQuery, limit=100)
@reading
async def history(
    archive: Archive, out: Output, video: str | None, lost: bool, limit: int, cursor: str | None
) -> None:
    """Show the versions of a video, or the videos that YouTube no longer has.

    A version has a title, a description, a length, a thumbnail and captions.
    """
    if lost is (video is not None):
        raise click.UsageError("Give a VIDEO, or --lost.")
    if video is not None:
        out.show(await archive.of(HistoryAPI).get_versions(video), shown_history)
    else:
        query = LostQuery(limit=limit, cursor=cursor)
        out.show(await archive.of(RefreshesAPI).list_lost(query), lost_table)
