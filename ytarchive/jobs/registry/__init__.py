"""Which services there are, where, and whether they are well."""
