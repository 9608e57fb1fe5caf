"""Measurements, each a module to run from the root of the repository; README.md lists them."""
