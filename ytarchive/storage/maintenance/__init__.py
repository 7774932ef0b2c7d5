"""The index is built again from the files."""
