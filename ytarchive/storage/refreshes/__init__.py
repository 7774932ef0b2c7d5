"""The refreshes of metadata: when they are due, what they changed, and which videos are lost."""
