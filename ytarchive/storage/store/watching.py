"""Rejects operations of Storage while the archive's folder does not hold the archive."""

import functools
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeVar

from ytarchive.common.contract import endpoints
from ytarchive.common.presence import ArchiveWatch

Operation = TypeVar("Operation", bound=Callable[..., Awaitable[Any]])

_CHECK = "__check_of_presence__"


def databases_only(operation: Operation) -> Operation:
    """Mark an operation that neither reads nor writes a file of the archive."""
    setattr(operation, _CHECK, None)
    return operation


def writes_files(operation: Operation) -> Operation:
    """Mark an operation whose success needs the archive, so that no check has to follow it."""
    setattr(operation, _CHECK, ArchiveWatch.checked_before)
    return operation


class WatchedOperations:
    """Base of the implementations of Storage's contracts, listed before the contract.

    Each operation checks before and after its work that the archive is present, and raises
    ArchiveMissing if not. `databases_only` and `writes_files` mark operations with fewer checks.
    """

    def __init__(self, watch: ArchiveWatch) -> None:
        self.watch = watch

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        for declared in endpoints(cls):
            operation = cls.__dict__.get(declared.name)
            check = getattr(operation, _CHECK, ArchiveWatch.checked)
            if operation is not None and check is not None:
                setattr(cls, declared.name, _watched(operation, check))


def _watched(
    operation: Callable[..., Awaitable[Any]],
    check: Callable[[ArchiveWatch], AbstractAsyncContextManager[None]],
) -> Callable[..., Awaitable[Any]]:
    @functools.wraps(operation)
    async def watched(self: WatchedOperations, *args: Any, **kwargs: Any) -> Any:
        async with check(self.watch):
            return await operation(self, *args, **kwargs)

    return watched
