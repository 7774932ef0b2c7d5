"""Tests that nothing is lost: kills, full disks, blocks and hostile input with the real program.

`make test` runs a short form, `make torture` (TORTURE=1) the full one, which also writes
`docs/reliability-report.md`. Random choices depend on a seed that is printed; TORTURE_SEED repeats
a run.
"""
