"""The options that select videos of lists, for jobs and subscriptions."""

from typing import Any

import click
from click.core import ParameterSource

from ytarchive.cli.options import with_options
from ytarchive.cli.params import MOMENT
from ytarchive.common.channel_lists import VideoKind

filter_options = with_options(
    click.option(
        "--since", type=MOMENT, metavar="TIME",
        help="Only videos of lists uploaded since a day, 2026-01-31, or a time ago, 30d.",
    ),
    click.option("--no-shorts", is_flag=True, help="Leave out shorts."),
    click.option("--no-live", is_flag=True, help="Leave out live streams."),
    click.option(
        "--match", "include_titles", multiple=True, metavar="TEXT",
        help="Only videos whose title contains this; * matches any text. Can be repeated.",
    ),
)  # fmt: skip
"""The decorator that gives a command the options of a filter."""


def given_filter(given: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a filter that the command line gives."""
    context = click.get_current_context()
    names = [
        name
        for name in ("since", "include_titles", "no_shorts", "no_live")
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE
    ]
    fields = {name: given[name] for name in names if not name.startswith("no_")}
    if len(fields) < len(names):
        left_out = {VideoKind.SHORT: given["no_shorts"], VideoKind.LIVE: given["no_live"]}
        fields["kinds"] = [kind for kind in VideoKind if not left_out.get(kind)]
    return fields
