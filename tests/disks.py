"""Small file systems for tests, which need the right to mount."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def mounted(folder: Path, *options: str) -> Iterator[Path]:
    """Give a file system in memory, such as one with `size=4m`; skip the test without the right."""
    folder.mkdir()
    chosen = [f"-o{','.join(options)}"] if options else []
    mount = ["mount", "-t", "tmpfs", *chosen, "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("needs the right to mount a file system")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
