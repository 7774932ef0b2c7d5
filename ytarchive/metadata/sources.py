"""Selects the source: the Data API with a key and quota, otherwise yt-dlp.

The Data API returns only public content. yt-dlp can use the cookies of an account, and gets entries
that the API leaves out. So a refusal of the API is a hint, and yt-dlp's answer decides.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

from loguru import logger

from ytarchive.common import errors
from ytarchive.common.config import Settings
from ytarchive.metadata.data_api.client import DataApi
from ytarchive.metadata.data_api.quota import QuotaLedger
from ytarchive.ytdlp import Extractor

log = logger.bind(service="metadata")

T = TypeVar("T")


@dataclass(frozen=True)
class Sources:
    """The two sources, and when the second one replaces the first."""

    api: DataApi | None
    extractor: Extractor
    extract_when_quota_spent: bool

    async def ask(
        self, api: Callable[[DataApi], Awaitable[T]], extractor: Callable[[], Awaitable[T]]
    ) -> T:
        """Return the answer of the Data API, or of yt-dlp if the API cannot or does not give one.

        Without quota yt-dlp is used only if that is allowed. Raises the error of the last source.
        """
        if self.api is None:
            return await extractor()
        try:
            return await api(self.api)
        except errors.Unavailable as hint:
            log.info("refused by the Data API, using yt-dlp: {}", hint.message)
            return await with_hint(extractor, hint)
        except errors.ApiAnswerIncomplete as error:
            log.info("using yt-dlp instead: {}", error.message)
            return await extractor()
        except errors.QuotaExceeded as error:
            if not self.extract_when_quota_spent:
                raise
            log.info("using yt-dlp instead: {}", error.message)
            return await extractor()


@asynccontextmanager
async def open_sources(
    settings: Settings, ledger: QuotaLedger, extractor: Extractor
) -> AsyncIterator[Sources]:
    """Yield the sources, with connections to the Data API if there is a key."""
    youtube = settings.youtube
    async with AsyncExitStack() as stack:
        api = None
        if youtube.api_key:  # an empty key counts as none
            opening = DataApi.open(youtube.api_key, settings.network, ledger)
            api = await stack.enter_async_context(opening)
        yield Sources(api, extractor, youtube.extract_when_quota_spent)


async def with_hint(extractor: Callable[[], Awaitable[T]], hint: errors.Unavailable) -> T:
    """Return yt-dlp's answer. A refusal without a reason is replaced by the hint."""
    try:
        return await extractor()
    except errors.VideoUnavailable as vague:
        raise hint from vague
