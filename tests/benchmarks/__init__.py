"""Benchmarks against peers, run with `python -m tests.benchmarks`; pytest does not collect them."""
