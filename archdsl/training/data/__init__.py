"""Images to learn from: where they are, in which order they come, and what becomes of each."""
