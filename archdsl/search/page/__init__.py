"""The page of a study: one HTML file that needs nothing else, and shows what came of a search."""
