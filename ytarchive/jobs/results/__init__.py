"""The results of jobs, page by page."""
