"""Draws the terminal with real output for the README: `python -m tests.screenshot FILE.svg`."""

import io
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from tests.standin import StandInProcess

_WIDTH = 92
_FRAME = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{
    font-family: monospace; font-size: {char_height}px; line-height: {line_height}px;
    white-space: pre;
}}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""
"""The frame of rich without its fonts, which a browser would fetch from another host."""


def main(target: Path) -> None:
    """Archive a playlist of the stand-in, search in it, and draw what the commands print."""
    console = Console(record=True, markup=False, highlight=False, width=_WIDTH, file=io.StringIO())
    with StandInProcess("--scenario", "demo") as youtube, tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {
            "YTARCHIVE_CONFIG": os.devnull,
            "YTARCHIVE_STORAGE__BASE_PATH": folder,
            "YTARCHIVE_NETWORK__PROXY": youtube.proxy_url,
            "YTARCHIVE_NETWORK__CA_FILE": str(youtube.ca_file),
            "YTARCHIVE_DOWNLOAD__PACE": "off",
            "COLUMNS": str(_WIDTH),
        }
        playlist = str(youtube.ids["demo"]["playlist"])
        for arguments in (
            ["playlist", playlist, "--quality", "360p"],
            ["storage", "search", '"video 3"'],
        ):
            done = subprocess.run(
                [sys.executable, "-m", "ytarchive", *arguments],
                check=False,  # the playlist has private videos
                capture_output=True,
                text=True,
                env=environment,
            )
            console.print(f"$ ytarchive {shlex.join(arguments)}", style="bold green")
            console.print(done.stdout.replace(folder, "~/YTArchive"), soft_wrap=True)
            console.print()
    target.write_text(console.export_svg(title="ytarchive", code_format=_FRAME))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
