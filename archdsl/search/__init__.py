"""Search: from a space of networks and an objective to the best of them, by one worker or many."""
