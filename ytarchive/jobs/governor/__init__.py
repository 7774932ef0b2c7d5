"""The rate of requests to YouTube, and pauses, for all processes."""
