"""What a job holds: lists are read page by page, and compared with what was known."""
