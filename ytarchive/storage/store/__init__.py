"""Files and folders of the archive: where they are, and how they are written."""
