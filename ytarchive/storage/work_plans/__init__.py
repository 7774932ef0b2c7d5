"""The work plans: which videos are missing, and why."""
