"""Runs an adoption to its end."""

import asyncio
from pathlib import Path
from typing import Any, cast

from ytarchive.common.models import every_item
from ytarchive.storage import (
    AdoptedFile,
    AdoptedFileQuery,
    Adoption,
    AdoptRequest,
    FindingKind,
    PassState,
    VerificationAPI,
    VerifyRequest,
)
from ytarchive.storage.service import StorageService


async def adopt(storage: StorageService, folder: Path, **options: Any) -> Adoption:
    """The adoption of a folder after its end."""
    api = storage.adopter
    api.trusts_callers = True
    adoption = await api.start_adoption(AdoptRequest(folder=str(folder), **options))
    async with asyncio.timeout(60):
        while adoption.state is PassState.RUNNING:
            await asyncio.sleep(0.005)
            adoption = await api.get_adoption()
    return adoption


async def report(storage: StorageService) -> dict[str, AdoptedFile]:
    """The file rows of the last adoption, by path."""
    query = AdoptedFileQuery(limit=100)
    files = [each async for each in every_item(storage.adopter.list_adopted_files, query)]
    return {each.path: each for each in files}


async def findings(storage: StorageService, *, videos: int) -> dict[FindingKind, int]:
    """The findings of a complete verification of so many videos."""
    verifier = cast("VerificationAPI", storage.subjects()[VerificationAPI])
    await verifier.start_verification(VerifyRequest())
    while (found := await verifier.get_verification()).state is PassState.RUNNING:
        await asyncio.sleep(0.005)
    assert (found.state, found.videos_checked) == (PassState.COMPLETE, videos)
    return found.findings
