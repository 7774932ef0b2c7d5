"""The root command, and the exit codes, errors and interrupts of all commands."""

import errno
import importlib
import io
import json
import os
import sys
from typing import Any

import click

from ytarchive import __version__
from ytarchive.cli.failure import Failure, show_failure, show_usage_error
from ytarchive.cli.options import Globals, global_options

# Module, name and help line of each command; `--help` must not import the modules.
COMMANDS = {
    "init": ("init:init", "Create an archive in DIR (default: storage.base_path)."),
    "serve": ("serve:serve", "Run the server with its HTTP API."),
    "download": ("archiving:download", "Archive videos, playlists and channels."),
    "playlist": ("archiving:playlist", "Archive playlists or channels."),
    "metadata": ("metadata:metadata", "Show metadata from YouTube."),
    "formats": (
        "metadata:formats",
        "List the formats of a video, and explain the choice.",
    ),
    "profiles": ("profiles:profiles", "List and explain the profiles of the settings."),
    "subscribe": (
        "subscriptions:subscribe",
        "Follow channels and playlists, and archive their new videos.",
    ),
    "subscriptions": (
        "subscriptions:subscriptions",
        "List, change and check the followed channels and playlists.",
    ),
    "retention": (
        "retention:retention",
        "Remove old videos of subscriptions by rules.",
    ),
    "jobs": ("jobs:jobs", "List, watch, retry and cancel jobs."),
    "pause": ("pause:pause", "Pause new work until `ytarchive resume`, also after a restart."),
    "resume": (
        "pause:resume",
        "End a pause; if YouTube blocks this IP address, send one request at once.",
    ),
    "workplan": ("workplan:workplan", "Show and retry missing videos."),
    "storage": ("storage:storage", "Show the archive's content, and remove videos."),
    "adopt": ("adopt:adopt", "Add the videos in another program's folder to the archive."),
    "import": ("importing:import_", "Import lists of other programs."),
    "export": ("export:export", "Export stored videos for other programs."),
    "verify": ("verify:verify", "Check that every stored file is unchanged."),
    "views": ("views:views", "Manage folders that show the archive under readable names."),
    "history": (
        "history:history",
        "Show the versions of a video, or the videos that YouTube no longer has.",
    ),
    "refresh": ("refresh:refresh", "Request the metadata of stored videos again."),
    "marks": ("marks:marks", "List and set the marks of videos: kept, removed, known elsewhere."),
    "trash": ("trash:trash", "List, restore and delete replaced and removed files."),
    "quarantine": ("trash:quarantine", "List and restore damaged files."),
    "rebuild": ("rebuild:rebuild", "Rebuild the library's database from the files."),
    "backup": ("backup:backup", "Copy all databases to a new folder in DIR."),
    "restore": ("backup:restore", "Replace the databases with those of a backup."),
    "feeds": ("feeds:feeds", "Offer stored videos to podcast apps."),
    "notify": ("notify:notify", "List and test notifications of this archive."),
    "logs": ("logs:logs", "Search the log, or follow it."),
    "metrics": ("state:metrics", "Show the current value of every metric."),
    "quota": ("state:quota", "Show today's quota of the YouTube Data API."),
    "services": ("state:services", "Show the services and their health."),
    "config": ("config:config", "Show the settings, or create the settings file."),
    "upgrade-ytdlp": ("upgrading:upgrade_ytdlp", "Update yt-dlp by the pip of this Python."),
    "doctor": ("doctor:doctor", "Check the installation, settings, network and disk."),
}


_UNWRITABLE = frozenset({errno.EPIPE, errno.ENOSPC, errno.EIO, errno.EBADF, errno.EDQUOT})


class LazyGroup(click.Group):
    """A group that imports a command only when it runs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, in the order in which they are listed above."""
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Replace the entry of a command by the command."""
        name, entry, rest = super().resolve_command(ctx, args)
        return name, load_command(name) if name and entry else None, rest


def load_command(name: str) -> click.Command:
    """Import a command."""
    module, attribute = COMMANDS[name][0].split(":")
    found = importlib.import_module(f"ytarchive.cli.commands.{module}")
    command: click.Command = getattr(found, attribute)
    return command


root = LazyGroup(
    name="ytarchive",
    help="""Archive YouTube videos, playlists and channels on your own disk.

    Commands use a running server (`ytarchive serve`, found by --server, YTARCHIVE_SERVER or the
    configured address); without a server they do the same work themselves.""",
    epilog="Exit codes: 0 done, 1 some or all failed or interrupted (Ctrl-C), 2 wrong usage, "
    "3 the server does not answer. `serve` ends with 0 after one Ctrl-C.",
    commands={name: click.Command(name, short_help=text) for name, (_, text) in COMMANDS.items()},
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    params=global_options(at_root=True),
)


def _version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if not wanted or context.resilient_parsing:
        return
    as_json = context.ensure_object(Globals).json
    click.echo(json.dumps({"version": __version__}) if as_json else f"ytarchive {__version__}")
    context.exit()


root.params.append(
    click.Option(
        ["--version"], is_flag=True, expose_value=False, callback=_version,
        help="Show the version and exit.",
    )
)  # fmt: skip


def run(arguments: list[str] | None = None) -> int:
    """Run a command line (default: this process's) and return its exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    as_json = "--json" in arguments
    _print_in_any_encoding()
    try:
        code: Any = root.main(arguments, prog_name="ytarchive", standalone_mode=False)
        sys.stdout.flush()
    except Failure as error:
        return show_failure(error, as_json=as_json)
    except click.ClickException as error:
        return show_usage_error(error, as_json=as_json)
    except (click.Abort, KeyboardInterrupt):
        return 1
    except Exception as error:
        if isinstance(error, OSError) and _is_of_output(error):
            return _without_output(error)
        if os.environ.get("YTARCHIVE_DEBUG"):
            raise
        return show_failure(_fault(error), as_json=as_json)
    return code if isinstance(code, int) else 0


def _print_in_any_encoding() -> None:
    """Print characters that the terminal's encoding lacks as `?`."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _is_of_output(error: OSError) -> bool:
    """Return whether writing to standard output failed; other files' errors are YTArchiveErrors."""
    return error.filename is None and error.errno in _UNWRITABLE


def _without_output(cause: OSError) -> int:
    """End a command whose output cannot be written. A closed pipe, as by `head`, is no error."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for the flush at the end
    if isinstance(cause, BrokenPipeError):
        return 1
    message = f"standard output cannot be written: {cause.strerror}"
    remedy = "Free some space there, or write to another place."
    return show_failure(Failure(message, remedy=remedy, code="E202"), as_json=False)


def _fault(error: Exception) -> Failure:
    return Failure(
        f"an internal error of ytarchive ({type(error).__name__}: {error})",
        remedy="Please report it with the output of YTARCHIVE_DEBUG=1.",
        code="E020",
    )
