"""The YouTube Data API: requests, answers and quota."""
