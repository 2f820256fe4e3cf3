"""Benchmarks: groups that measure, and the rows that come of them (`python -m tools.bench`)."""
