"""The files of stored videos, as lists and as bytes."""
