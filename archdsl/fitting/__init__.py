"""Parameter values by what a network may cost: the largest within budgets, or a grid of them."""
