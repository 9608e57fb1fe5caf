"""Weights carried from and to other libraries."""
