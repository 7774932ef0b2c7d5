"""Tests of the code that all services share."""
