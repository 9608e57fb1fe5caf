"""What writes the generated pages of `docs/`: `python -m tools.write_errors`, and so on. Tests hold the pages to it.

And what tests the tests: `python -m tools.mutate`.
"""

from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"
