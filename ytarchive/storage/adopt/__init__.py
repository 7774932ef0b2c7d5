"""Adopts the videos of other programs: recognises their files and stores them."""
