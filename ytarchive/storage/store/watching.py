"""Rejects operations of Storage while the archive's folder does not hold the archive."""

import functools
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from ytarchive.common.contract import OperationKind, endpoints
from ytarchive.common.presence import ArchiveWatch

Operation = TypeVar("Operation", bound=Callable[..., Awaitable[Any]])

_MARK = "__reads_databases_only__"


def databases_only(operation: Operation) -> Operation:
    """Mark an operation that neither reads nor writes a file of the archive."""
    setattr(operation, _MARK, True)
    return operation


class WatchedOperations:
    """Base of the implementations of Storage's contracts, listed before the contract.

    Each operation checks after its work, and before it if it may write, that the archive is
    present, and raises ArchiveMissing if not. Operations marked with `databases_only` are not
    checked.
    """

    def __init__(self, watch: ArchiveWatch) -> None:
        self.watch = watch

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        for declared in endpoints(cls):
            operation = cls.__dict__.get(declared.name)
            if operation is not None and not hasattr(operation, _MARK):
                writes = declared.kind is OperationKind.COMMAND
                setattr(cls, declared.name, _watched(operation, writes=writes))


def _watched(
    operation: Callable[..., Awaitable[Any]], *, writes: bool
) -> Callable[..., Awaitable[Any]]:
    @functools.wraps(operation)
    async def watched(self: WatchedOperations, *args: Any, **kwargs: Any) -> Any:
        async with self.watch.checked(writes=writes):
            return await operation(self, *args, **kwargs)

    return watched
