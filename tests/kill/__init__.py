"""Builds that are killed: `python -m tests.kill.run --count 200`."""
