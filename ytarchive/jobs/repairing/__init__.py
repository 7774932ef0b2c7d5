"""Jobs that fetch lost and damaged files again."""
