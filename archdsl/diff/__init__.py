"""What changed between two architectures, and what of it breaks those who use the first."""
