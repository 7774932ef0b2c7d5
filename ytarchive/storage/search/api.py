"""Contract of the search."""

from typing import ClassVar, Protocol

from ytarchive.common.contract import Contract, endpoint
from ytarchive.common.services import ServiceName
from ytarchive.storage.search.models import SearchQuery, SearchResults


class SearchAPI(Contract, Protocol):
    """Search in the titles, descriptions and captions of stored videos."""

    service: ClassVar[ServiceName] = ServiceName.STORAGE

    @endpoint("GET /storage/search")
    async def search(self, request: SearchQuery) -> SearchResults:
        """Find videos by words in titles, descriptions and captions.

        Raises InvalidRequest for a cursor of another search.
        """
        ...
