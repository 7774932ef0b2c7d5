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


@contextmanager
def also_at(disk: Path, place: Path) -> Iterator[Path]:
    """Give a mounted file system at a second place, from which a test can unmount it."""
    place.mkdir()
    mount_also_at(disk, place)
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=False, capture_output=True)


def mount_also_at(disk: Path, place: Path) -> None:
    """Mount a file system at a second place too."""
    subprocess.run(["mount", "--bind", str(disk), str(place)], check=True)


def unmount(place: Path) -> None:
    """Remove a file system from a place, although files are open there."""
    subprocess.run(["umount", "--lazy", str(place)], check=True)


@contextmanager
def formatted(kind: str, folder: Path, image: Path) -> Iterator[Path]:
    """Give an exfat, vfat or xfs file system in a file; skip the test without right or programs."""
    folder.mkdir()
    with image.open("wb") as file:
        file.truncate(320 << 20)  # the least for XFS
    device = None
    try:
        subprocess.run([f"mkfs.{kind}", str(image)], check=True, capture_output=True)
        found = ["losetup", "--find", "--show", str(image)]
        device = subprocess.run(found, check=True, capture_output=True, text=True).stdout.strip()
        names = ["-outf8"] if kind == "vfat" else []
        kernel = ["mount", "-t", kind, *names, device, str(folder)]
        if subprocess.run(kernel, check=False, capture_output=True).returncode:
            subprocess.run(
                [f"mount.{kind}-fuse", device, str(folder)], check=True, capture_output=True
            )
    except (OSError, subprocess.CalledProcessError):
        if device:
            subprocess.run(["losetup", "--detach", device], check=True)
        pytest.skip(f"needs the right to mount, and a kernel and programs for {kind}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
        subprocess.run(["losetup", "--detach", device], check=True)
