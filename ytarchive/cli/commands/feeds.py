"""`ytarchive feeds`."""

from typing import Any

import click
from pydantic import ValidationError
from rich.console import Group as Lines
from rich.console import RenderableType

from ytarchive.cli.options import Group
from ytarchive.cli.output import Output, cell, table
from ytarchive.cli.params import range_of
from ytarchive.cli.session import failure, reading, with_archive
from ytarchive.cli.times import moment
from ytarchive.common.contract import invalid_request
from ytarchive.common.models import Page
from ytarchive.discovery import Archive
from ytarchive.storage import (
    AddPodcastFeed,
    FeedsAPI,
    PodcastFeed,
    PodcastFeedAddress,
    PodcastFeedQuery,
    RemovedPodcastFeed,
    RotatePodcastFeed,
)

feeds = Group("feeds", default="list", help="Offer stored videos to podcast apps.")

_base_url = click.option(
    "--base-url",
    metavar="URL",
    help="URL of the server for podcast apps; default: server.public_url.",
)


@feeds.command("list")
@click.option("--limit", type=range_of(PodcastFeedQuery, "limit"), default=100, show_default=True)
@reading
async def list_feeds(archive: Archive, out: Output, limit: int) -> None:
    """List the podcast feeds. Their keys are not stored."""
    out.show(await archive.of(FeedsAPI).list_feeds(PodcastFeedQuery(limit=limit)), _feeds)


@feeds.command()
@click.argument("source", required=False)
@click.option("--profile", metavar="NAME", help="An audio profile, instead of SOURCE.")
@click.option(
    "--items", type=range_of(AddPodcastFeed, "items"), default=100, show_default=True,
    help="Number of the newest videos in the feed.",
)  # fmt: skip
@_base_url
@with_archive
async def add(archive: Archive, out: Output, /, **given: Any) -> None:
    """Add a podcast feed of SOURCE, and print its address.

    SOURCE is a channel or playlist with stored videos. The address is printed only once, because it
    contains a secret key. Anyone who knows it can fetch the videos of this feed, and nothing else.
    """
    try:
        request = AddPodcastFeed.model_validate(given)
    except ValidationError as error:
        raise failure(invalid_request(error)) from None
    out.show(await archive.of(FeedsAPI).add_feed(request), _address)


@feeds.command()
@click.argument("feed_id", metavar="FEED")
@with_archive
async def remove(archive: Archive, out: Output, feed_id: str) -> None:
    """Remove a podcast feed and its address; its videos are kept."""
    out.show(await archive.of(FeedsAPI).remove_feed(feed_id), _removed)


@feeds.command()
@click.argument("feed_id", metavar="FEED")
@_base_url
@with_archive
async def rotate(archive: Archive, out: Output, feed_id: str, base_url: str | None) -> None:
    """Replace the key of a podcast feed.

    The new address is printed, and the earlier one is no longer valid.
    """
    try:
        request = RotatePodcastFeed(base_url=base_url)
    except ValidationError as error:
        raise failure(invalid_request(error)) from None
    out.show(await archive.of(FeedsAPI).rotate_feed(feed_id, request), _address)


def _feeds(page: Page[PodcastFeed]) -> RenderableType:
    if not page.items:
        return cell("There are no podcast feeds; `ytarchive feeds add` adds one.")
    rows = [
        (each.id, each.kind.value, each.title, f"{each.items:,}", moment(each.key_created_at))
        for each in page.items
    ]
    return table(["FEED", "KIND", "TITLE", ">ITEMS", "KEY SINCE"], rows)


def _address(added: PodcastFeedAddress) -> RenderableType:
    return Lines(
        cell(f"Podcast feed {added.feed.id} of {added.feed.title}"),
        cell("Its address, which is shown only once:"),
        cell(added.address),
    )


def _removed(removed: RemovedPodcastFeed) -> RenderableType:
    return cell(f"podcast feed of {removed.title} removed")
