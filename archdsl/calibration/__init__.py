"""Calibration: kernels measured on the machine at hand, through the real backend, become a device profile."""
