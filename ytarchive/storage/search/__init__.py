"""Full-text search over titles, descriptions and captions of everything stored."""

from ytarchive.storage.search.search import Search

__all__ = ["Search"]
