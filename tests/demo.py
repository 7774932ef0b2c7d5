"""Archives a playlist without internet: `python -m tests.demo`, or `make demo`.

The stand-in replaces YouTube; the real command archives one of its playlists into `demo/`.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.filesize import decimal
from rich.markup import escape
from rich.tree import Tree

from tests.standin import StandInProcess

ARCHIVE = Path("demo")
_SCENERY = ("--scenario", "demo", "--media-padding", "1500000", "--bandwidth", "1200000")

console = Console(highlight=False)


def main() -> int:
    """Archive the playlist, show the result, and return the exit code."""
    console.print("Starting a stand-in YouTube on this machine; nothing leaves it.")
    with StandInProcess(*_SCENERY) as youtube:
        playlist = f"https://www.youtube.com/playlist?list={youtube.ids['demo']['playlist']}"
        if not (ARCHIVE / ".ytarchive-id").exists():  # it was removed, by `make clean`
            ytarchive(["init", "--new"], _environment(youtube))
        ytarchive(["playlist", playlist, "--quality", "360p"], _environment(youtube))
        fetched = youtube.counters()["kinds"].get("media", 0)
        states = youtube.ask("/catalogue")
    missing = [video_id for video_id in _expected(states) if not _is_stored(video_id)]
    if missing:
        console.print(f"These should be in {ARCHIVE}/ and are not: {', '.join(missing)}")
        return 1
    show(fetched)
    return 0


def ytarchive(arguments: list[str], environment: Mapping[str, str]) -> int:
    """Run the command as a user would, on this terminal; its exit code."""
    console.print(f"\n$ ytarchive {shlex.join(arguments)}", style="bold", soft_wrap=True)
    command = [sys.executable, "-m", "ytarchive", *arguments]
    process = subprocess.Popen(command, env=environment)
    try:
        return process.wait()
    except KeyboardInterrupt:  # the command was interrupted too, and says how to continue
        process.wait()
        raise


def show(fetched: int) -> None:
    """The archive as a tree, and how to look at it."""
    if not fetched:
        console.print("\nNothing was to be downloaded: all that can be had is there.")
    console.print()
    console.print(_tree(ARCHIVE))
    program = f"{_program()} --base-path {ARCHIVE}"
    video = next(ARCHIVE.glob("videos/*"))
    console.print("\nLook at it:")
    for command in (
        f"{program} storage",
        f"{program} workplan",
        f"{program} logs",
        f"(cd {video} && sha256sum -c checksums.sha256)",
    ):
        console.print(f"  {command}", soft_wrap=True)
    console.print("`make demo` once more downloads nothing; `make clean` removes it.")


def _program() -> str:
    """How `ytarchive` is called from here."""
    installed = Path(sys.prefix, "bin", "ytarchive")
    if shutil.which("ytarchive") or not installed.is_relative_to(Path.cwd()):
        return "ytarchive"
    return str(installed.relative_to(Path.cwd()))


def _environment(youtube: StandInProcess) -> dict[str, str]:
    """This process's, with the way to the stand-in and none of the user's own settings."""
    kept = {n: v for n, v in os.environ.items() if not re.match("YTARCHIVE_|YOUTUBE_API_KEY", n)}
    return kept | {
        "YTARCHIVE_CONFIG": os.devnull,
        "YTARCHIVE_STORAGE__BASE_PATH": str(ARCHIVE.absolute()),
        "YTARCHIVE_NETWORK__PROXY": youtube.proxy_url,
        "YTARCHIVE_NETWORK__CA_FILE": str(youtube.ca_file),
        "YTARCHIVE_DOWNLOAD__PACE": "off",
    }


def _expected(catalogue: Mapping[str, Mapping[str, str]]) -> list[str]:
    """The public videos of the playlist."""
    (listed,) = catalogue["playlists"].values()
    return [video_id for video_id in listed if catalogue["videos"][video_id] == "ok"]


def _is_stored(video_id: str) -> bool:
    return (ARCHIVE / "videos" / video_id / f"{video_id}.mp4").is_file()


def _tree(folder: Path, label: str = "") -> Tree:
    """A folder's files with their sizes; one video is shown for all of them."""
    tree = Tree(label or f"{folder}/", highlight=False)
    paths = sorted(folder.iterdir(), key=lambda path: (path.is_dir(), path.name))
    more = len(paths) - 1 if folder == ARCHIVE / "videos" else 0
    for path in paths[:1] if more else paths:
        if path.name == ".ytarchive":
            tree.add(".ytarchive/  (databases, staging)")
        elif path.is_dir():
            tree.children.append(_tree(path, f"{path.name}/"))
        else:
            tree.add(f"{escape(path.name)}  [dim]{decimal(path.stat().st_size)}[/dim]")
    if more:
        tree.add(f"… and {more} more folders like it")
    return tree


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
