"""Implementations of ytarchive's ports for tests of programs that use ytarchive."""

from ytarchive.testing.memory_store import MemoryMediaStore
