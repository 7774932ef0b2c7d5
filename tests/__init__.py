"""Tests of YTArchive, and the stand-in YouTube they run against."""
