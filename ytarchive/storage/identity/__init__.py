"""Whether a folder is the archive that is meant, who may create one, and how one is created."""
