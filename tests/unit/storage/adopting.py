"""Runs an adoption to its end."""

import asyncio
from pathlib import Path
from typing import Any

from ytarchive.common.models import every_item
from ytarchive.storage import AdoptedFile, AdoptedFileQuery, Adoption, AdoptRequest, PassState
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
