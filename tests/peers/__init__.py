"""Comparisons with the model zoos: counts, outputs and gradients on copied weights."""
