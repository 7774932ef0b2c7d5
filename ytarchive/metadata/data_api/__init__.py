"""The YouTube Data API: what it answers, and what that costs."""
