"""Unavailable videos: the evidence, and the times of further requests."""
