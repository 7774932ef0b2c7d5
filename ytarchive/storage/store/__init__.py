"""Files and folders of the archive: their paths, and how they are written."""
