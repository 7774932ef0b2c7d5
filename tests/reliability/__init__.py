"""Proof that nothing is lost: kills, full disks, blocks and hostile input against the real thing.

`make test` runs a short form, `make torture` (TORTURE=1) the full one, which also writes
`docs/reliability-report.md`. What is random follows from a seed that is printed; give it again as
TORTURE_SEED to repeat a run.
"""
