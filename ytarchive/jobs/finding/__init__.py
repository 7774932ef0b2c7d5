"""Jobs and work plans by short ids."""
