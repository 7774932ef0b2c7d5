"""Files that were replaced, removed or found damaged: kept, listed and restored."""
