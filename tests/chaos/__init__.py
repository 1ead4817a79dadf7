"""Faults on purpose, on real servers and workers: `make chaos [ONLY=name] [LONG=1] [SEED=n]`."""
