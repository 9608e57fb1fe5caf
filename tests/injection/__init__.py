"""Hostile text in every place that a file has for text, proven harmless in every output."""
