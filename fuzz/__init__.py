"""Hostile texts by the million for the compiler: see docs/fuzzing.md."""
