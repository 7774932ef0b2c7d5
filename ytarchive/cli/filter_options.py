"""The options that select videos of lists, for jobs and subscriptions."""

from typing import Any

import click
from click.core import ParameterSource

from ytarchive.cli.options import with_options
from ytarchive.cli.params import DURATION, MOMENT, names
from ytarchive.common.channel_lists import VideoKind
from ytarchive.jobs import VideoFilter

filter_options = with_options(
    click.option(
        "--since", type=MOMENT, metavar="TIME",
        help="Only videos of lists, uploaded since a day (2026-01-31) or in a period (30d).",
    ),
    click.option("--no-shorts", is_flag=True, help="Leave out shorts."),
    click.option("--no-live", is_flag=True, help="Leave out live streams."),
    click.option("--no-premieres", is_flag=True, help="Leave out premieres."),
    click.option("--no-members", is_flag=True, help="Leave out videos for members of a channel."),
    click.option(
        "--match", "include_titles", multiple=True, metavar="TEXT",
        help="Only videos whose title contains this; * matches any text, and /.../ is a regular "
        "expression. Can be repeated.",
    ),
    click.option(
        "--exclude", "exclude_titles", multiple=True, metavar="TEXT",
        help="No videos whose title contains this. Can be repeated.",
    ),
    click.option(
        "--match-description", "include_descriptions", multiple=True, metavar="TEXT",
        help="Only videos whose description contains this. Can be repeated.",
    ),
    click.option(
        "--exclude-description", "exclude_descriptions", multiple=True, metavar="TEXT",
        help="No videos whose description contains this. Can be repeated.",
    ),
    click.option(
        "--min-duration", type=DURATION, metavar="TIME", help="Only videos of this length or more."
    ),
    click.option(
        "--max-duration", type=DURATION, metavar="TIME", help="Only videos of this length or less."
    ),
    click.option(
        "--max-age", type=DURATION, metavar="TIME",
        help="Only videos that are at most this old, such as 30d.",
    ),
    click.option(
        "--max-videos", type=click.IntRange(1), metavar="N",
        help="At most N videos in one run; the next run fetches further ones.",
    ),
    click.option(
        "--max-videos-per-day", type=click.IntRange(1), metavar="N",
        help="At most N videos of a list in a day.",
    ),
    click.option(
        "--max-size", "max_bytes", metavar="SIZE",
        help="Start no further video in one run after this size, such as 20GB.",
    ),
    click.option(
        "--max-size-per-day", "max_bytes_per_day", metavar="SIZE",
        help="Start no further video of a list in a day after this size.",
    ),
    click.option(
        "--in-language", "languages", type=names(), metavar="CODES",
        help="Only videos in these languages, as far as the language is known.",
    ),
)  # fmt: skip
"""The decorator that gives a command the options of a filter."""


_LEFT_OUT = {
    "no_shorts": VideoKind.SHORT,
    "no_live": VideoKind.LIVE,
    "no_premieres": VideoKind.PREMIERE,
}


def given_filter(given: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a filter that the command line gives."""
    context = click.get_current_context()
    is_given = {
        name: context.get_parameter_source(name) is ParameterSource.COMMANDLINE for name in given
    }
    names_of_fields = VideoFilter.model_fields.keys() - {"newest"}
    fields = {name: given[name] for name in names_of_fields if is_given.get(name)}
    if any(is_given[name] for name in _LEFT_OUT):
        left_out = {kind for name, kind in _LEFT_OUT.items() if given[name]}
        fields["kinds"] = [kind for kind in VideoKind if kind not in left_out]
    if is_given["no_members"]:
        fields["members_only"] = False
    if is_given["max_age"]:
        fields["max_age_days"] = given["max_age"] / 86_400
    return fields
