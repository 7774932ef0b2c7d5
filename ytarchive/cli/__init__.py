"""The command line: one module per group of commands, and no rule of the archive in any of them.

`root` and what it imports are light, so that `--help` and `--version` answer at once; everything
else is imported when its command is run.
"""
