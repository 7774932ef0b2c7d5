"""Planning of jobs: lists are read page by page, and compared with known videos."""
