"""Whom to ask: the Data API while there is a key and quota, else yt-dlp."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from loguru import logger

from ytarchive.common.errors import QuotaExceeded
from ytarchive.metadata.data_api.client import DataApi
from ytarchive.ytdlp import Extractor

log = logger.bind(service="metadata")

T = TypeVar("T")


@dataclass(frozen=True)
class Sources:
    """The two sources, and when the second one stands in for the first."""

    api: DataApi | None
    extractor: Extractor
    extract_when_quota_spent: bool

    async def ask(
        self, api: Callable[[DataApi], Awaitable[T]], extractor: Callable[[], Awaitable[T]]
    ) -> T:
        """The answer of the Data API; of yt-dlp without a key or, if allowed, without quota."""
        if self.api is None:
            return await extractor()
        try:
            return await api(self.api)
        except QuotaExceeded as error:
            if not self.extract_when_quota_spent:
                raise
            log.info("asking yt-dlp instead: {}", error.message)
            return await extractor()
