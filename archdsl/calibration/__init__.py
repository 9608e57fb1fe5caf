"""Calibration: measures kernels on the machine at hand, through the real backend, and makes a device profile of them."""
