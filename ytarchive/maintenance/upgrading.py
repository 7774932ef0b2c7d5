"""Updates yt-dlp by pip. A new version is tried in a folder of its own before it is installed."""

import asyncio
import importlib.metadata
import os
import sys
import tempfile
from asyncio.subprocess import DEVNULL, PIPE
from pathlib import Path

from loguru import logger

import ytarchive
from ytarchive.common.errors import ToolMissing, UpgradeFailed
from ytarchive.common.models import Model

log = logger.bind(service="maintenance")

_PACKAGE = "yt-dlp[default]"
_SECONDS = 600.0
_PIP = ("-m", "pip", "--disable-pip-version-check", "--no-input", "--quiet", "install", "--upgrade")


class Upgraded(Model):
    """The result of an update of yt-dlp."""

    before: str
    after: str


async def upgrade_yt_dlp() -> Upgraded:
    """Install the newest yt-dlp that works, for the running interpreter.

    Raises ToolMissing without yt-dlp or pip, and UpgradeFailed, which changes nothing.
    """
    before = _version()
    if before is None:
        raise ToolMissing("yt-dlp is not installed")
    await _require_pip()
    with tempfile.TemporaryDirectory(prefix="ytarchive-") as folder:
        # Without the lower limit pip chooses an older version if a dependency cannot be met.
        await _install(f"{_PACKAGE}>={before}", "--no-compile", "--target", folder)
        found = _version(folder)
        if found is None:
            raise UpgradeFailed("pip installed no yt-dlp")
        if found == before:
            return Upgraded(before=before, after=before)
        await _require_usable(found, folder)
    await _install(f"{_PACKAGE}=={found}")
    log.info("yt-dlp {} replaces {}", found, before)
    return Upgraded(before=before, after=found)


def _version(folder: str | None = None) -> str | None:
    """Return the version of yt-dlp in a folder or of this interpreter."""
    path = sys.path if folder is None else [folder]
    found = importlib.metadata.distributions(name="yt-dlp", path=path)
    return next((each.version for each in found), None)


async def _require_pip() -> None:
    code, _ = await _run("-m", "pip", "--version")
    if code:
        message = (
            f"{sys.executable} has no pip: update yt-dlp by the program that installed ytarchive, "
            "such as `uv tool upgrade ytarchive` or `pipx upgrade ytarchive`"
        )
        raise ToolMissing(message)


async def _install(*arguments: str) -> None:
    code, output = await _run(*_PIP, *arguments)
    if code:
        reason = next((line for line in output if "ERROR" in line), "".join(output[-1:]))
        raise UpgradeFailed(f"pip could not fetch or install yt-dlp: {reason or f'status {code}'}")


async def _require_usable(version: str, folder: str) -> None:
    package = str(Path(ytarchive.__file__).parents[1])
    path = os.pathsep.join(filter(None, [folder, package, os.environ.get("PYTHONPATH")]))
    code, output = await _run("-P", "-m", "ytarchive.ytdlp.worker.smoke", PYTHONPATH=path)
    if code:
        reason = "".join(output[-1:]) or f"status {code}"
        raise UpgradeFailed(f"yt-dlp {version} does not work with this ytarchive: {reason}")


async def _run(*arguments: str, **environment: str) -> tuple[int, list[str]]:
    """Run this interpreter; return its exit code and the lines of standard error."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, *arguments),
        stdin=DEVNULL,
        stdout=DEVNULL,
        stderr=PIPE,
        env=os.environ | environment,
    )
    try:
        async with asyncio.timeout(_SECONDS):
            _, errors = await process.communicate()
    except TimeoutError:
        raise UpgradeFailed(f"no result after {_SECONDS:.0f} seconds") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode or 0, errors.decode("utf-8", "replace").strip().splitlines()
