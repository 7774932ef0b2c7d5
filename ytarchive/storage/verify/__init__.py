"""Proof that everything stored is still what it was, and what happens to what is not."""
