"""How fast YouTube may be asked, and whether at all: for everything in every process."""
