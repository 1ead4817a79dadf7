"""The measured tables of README and docs: `make bench [ONLY=name]`."""
