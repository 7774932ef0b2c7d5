"""Whether there is room for another download."""

from ytarchive.storage.api import StorageStats

_PEAK = 2
"""While video and audio are merged, the parts and the whole lie side by side."""


def has_room(stats: StorageStats, expected_bytes: int | None, reserved_bytes: int = 0) -> bool:
    """Whether a download of `expected_bytes` may start without going below `storage.min_free`.

    `reserved_bytes`: expected sizes of the downloads under way, less what they have written. An
    unknown size (None) counts as nothing, so that only what is free now decides.
    """
    needed = _PEAK * ((expected_bytes or 0) + reserved_bytes)
    return stats.free_bytes - needed >= stats.min_free_bytes
