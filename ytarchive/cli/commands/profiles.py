"""`ytarchive profiles`."""

import click
from rich.console import Group as Lines
from rich.console import RenderableType

from ytarchive.cli.failure import USAGE, Failure
from ytarchive.cli.options import Command
from ytarchive.cli.output import Output, cell, table
from ytarchive.cli.session import profiles_of, without_services
from ytarchive.common.config import Settings
from ytarchive.jobs import NamedProfile, ProfileField


@click.command(cls=Command)
@click.argument("name", required=False)
@without_services
async def profiles(settings: Settings, out: Output, name: str | None) -> None:
    """List and explain the profiles of the settings.

    With NAME each field of one profile is explained. A profile is a section [profiles.NAME] of the
    settings, with options of `download`: --profile NAME applies it. The profile `default` applies
    to every request; options on the command line override both.
    """
    async with profiles_of(settings) as opened:
        found = await opened.list_profiles()
    if name is None:
        out.show(found, _list)
        return
    chosen = next((each for each in found if each.name == name), None)
    if chosen is None:
        known = ", ".join(each.name for each in found)
        remedy = f"Use one of: {known}."
        raise Failure(f"there is no profile {name!r}", remedy=remedy, exit_code=USAGE, code="E002")
    out.show(chosen, _explained)


def _list(found: list[NamedProfile]) -> RenderableType:
    rows = [(each.name, _source(each), _settings(each)) for each in found]
    return table(["PROFILE", "SOURCE", "~SETS"], rows)


def _source(profile: NamedProfile) -> str:
    return "built-in" if profile.is_built_in else "settings"


def _settings(profile: NamedProfile) -> str | None:
    own = [each for each in profile.fields if each.source == profile.name]
    return "; ".join(f"{each.name} = {_value(each)}" for each in own) or None


def _explained(profile: NamedProfile) -> RenderableType:
    rows = [
        (each.name, _value(each), each.source or "built-in", each.meaning)
        for each in profile.fields
    ]
    head = cell(f"profile {profile.name}, {_source(profile)}", "bold")
    return Lines(head, table(["FIELD", "VALUE", "FROM", "~MEANING"], rows))


def _value(field: ProfileField) -> str:
    """Return a value as on the command line."""
    match field.value:
        case bool():
            return "yes" if field.value else "no"
        case list():
            return ", ".join(map(str, field.value))
        case None:
            return "none"
        case _:
            return str(field.value)
