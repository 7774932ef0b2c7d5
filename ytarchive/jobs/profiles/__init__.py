"""The named profiles that requests can use."""
