"""The command line: one module per group of commands, without rules of the archive.

`root` imports little, so that `--help` and `--version` are fast; each command's module is imported
when the command runs.
"""
