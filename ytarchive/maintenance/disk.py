"""Checks of the disk and partial downloads."""

import os

from rich.filesize import decimal

from ytarchive.common.config import StorageConfig
from ytarchive.common.disk import Space, existing
from ytarchive.common.errors import YTArchiveError
from ytarchive.download import StagingAPI
from ytarchive.maintenance.models import Check, Verdict, failed


def check_disk(storage: StorageConfig) -> Check:
    """Check that the archive's folder is writable and has free space."""
    folder = existing(storage.base_path)
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        message = f"{folder} cannot be written"
        remedy = "Give this user the right to write there, or choose another storage.base_path."
        return Check(name="disk", verdict=Verdict.FAIL, message=message, remedy=remedy)
    space = Space.at(folder, storage.min_free)
    message = f"{decimal(space.free)} free for {storage.base_path}"
    if space.left > space.kept:
        return Check(name="disk", verdict=Verdict.OK, message=message)
    message += f", of which {decimal(space.kept)} are kept (storage.min_free)"
    verdict = Verdict.FAIL if space.left < 0 else Verdict.WARN
    remedy = "Free some space, or choose another storage.base_path."
    return Check(name="disk", verdict=verdict, message=message, remedy=remedy)


async def check_staging(staging: StagingAPI) -> Check:
    """Report the size of partial downloads, and when they are removed."""
    try:
        found = await staging.get_staging()
    except YTArchiveError as error:
        return failed("staging", error, Verdict.WARN)
    kept = f"{found.active} in use, {found.videos} unused with {decimal(found.size_bytes)}"
    days = found.max_age / 86_400
    removed = f"unused ones are removed after {days:g} days or beyond {decimal(found.max_bytes)}"
    since = f", the oldest from {found.oldest:%Y-%m-%d}" if found.oldest else ""
    return Check(name="staging", verdict=Verdict.OK, message=f"{kept}{since}; {removed}")
