"""What proposes networks: one class a file, all of the same interface, Optuna's `BaseSampler`."""
