"""Tests of the Storage service: real files, real SQLite."""
