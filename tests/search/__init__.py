"""Searches: studies, workers and where they are kept."""
