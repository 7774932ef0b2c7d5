"""The pace: a token bucket with one token for each video, refilled continuously."""

from ytarchive.common.download_config import DownloadConfig, Pace
from ytarchive.jobs.queue.clock import Stopwatch


class TokenBucket:
    """A token bucket: at most `download.burst` tokens, refilled with `download.videos_per_hour`."""

    def __init__(self, settings: DownloadConfig, tokens: float, passed: Stopwatch) -> None:
        self._settings = settings
        self._passed = passed
        self._tokens = min(tokens, float(settings.burst))
        self._counted = passed()

    @property
    def tokens(self) -> float:
        """Return the current number of tokens."""
        elapsed = self._passed() - self._counted
        return min(self._tokens + self.grown_in(elapsed), float(self._settings.burst))

    def grown_in(self, seconds: float) -> float:
        """Return the tokens added within a number of seconds."""
        return seconds * self._settings.videos_per_hour / 3600

    def wait(self, cost: float) -> float:
        """Return the seconds until `cost` tokens are available."""
        if self._settings.pace is Pace.OFF or not cost:
            return 0
        missing = min(cost, 1) - self.tokens
        return max(missing, 0) * 3600 / self._settings.videos_per_hour

    def take(self, cost: float) -> None:
        """Take tokens, even if the number becomes negative."""
        if self._settings.pace is Pace.POLITE:
            self._set(self.tokens - cost)

    def empty(self) -> None:
        """Remove all tokens, so that no burst follows."""
        self._set(0)

    def _set(self, tokens: float) -> None:
        self._tokens, self._counted = tokens, self._passed()
