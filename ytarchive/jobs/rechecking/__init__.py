"""Later requests for fresh videos that were stored below the requested quality."""
