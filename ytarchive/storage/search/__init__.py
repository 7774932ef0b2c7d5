"""Full-text search in the titles, descriptions and captions of stored videos."""

from ytarchive.storage.search.service import Search
