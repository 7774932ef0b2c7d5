"""Recognises the expected archive by its identity, and creates archives."""
