"""How good a network is: its costs, predicted or measured, its accuracy after a short training, scores without one."""
