"""What is committed beside its source is what the source gives today."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

from archdsl.cli.main import main
from tools import write_api, write_cli, write_errors, write_limits, write_primitives, write_recipes

ROOT = Path(__file__).parent.parent
# A search space is not a network: there is nothing to build.
SPECS = sorted(path for path in (ROOT / "specs").glob("*.arch") if not path.stem.endswith("_space"))


@pytest.mark.parametrize("spec", SPECS, ids=lambda path: path.stem)
def test_codegen_is_fresh(spec: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert main(["build", str(spec.relative_to(ROOT)), "--out", str(tmp_path)]) == 0
    for suffix in ("py", "svg", "json"):
        name = f"{spec.stem}.{suffix}"
        committed = (ROOT / "codegen" / name).read_text(encoding="utf-8")
        assert (tmp_path / name).read_text(encoding="utf-8") == committed, f"stale: run `archdsl build {spec.name}`"


def test_codegen_holds_nothing_else() -> None:
    stems = {spec.stem for spec in SPECS}
    strangers = [p.name for p in (ROOT / "codegen").iterdir() if p.stem not in stems and p.name != "__pycache__"]
    assert strangers == []


@pytest.mark.parametrize(
    ("page", "tool"),
    [
        ("primitives.md", write_primitives),
        ("bounds.md", write_limits),
        ("errors.md", write_errors),
        ("cli.md", write_cli),
        ("api.md", write_api),
        ("recipes.md", write_recipes),
    ],
    ids=str,
)
def test_generated_pages_are_fresh(page: str, tool: ModuleType) -> None:
    committed = (ROOT / "docs" / page).read_text(encoding="utf-8")
    assert committed == tool.page(), f"stale: run `python -m {tool.__name__}`"


def test_the_index_names_every_page() -> None:
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    missing = [page.name for page in (ROOT / "docs").glob("*.md") if f"({page.name})" not in index]
    assert missing == ["README.md"]
