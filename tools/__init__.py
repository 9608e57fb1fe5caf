"""What writes the generated pages of `docs/`: `python -m tools.write_errors`, and so on. Tests hold the pages to it."""

from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"
