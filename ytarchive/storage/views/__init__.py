"""Derived trees of links, and the files that are written in them."""
