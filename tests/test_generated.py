"""What is committed beside its source is what the source gives today."""

from __future__ import annotations

from pathlib import Path

import pytest

from archdsl.cli.main import main
from docs import write_errors, write_limits, write_primitives

ROOT = Path(__file__).parent.parent
# A search space is no network: there is nothing to build.
SPECS = sorted(path for path in (ROOT / "specs").glob("*.arch") if path.stem != "mnasnet_space")


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


def test_the_page_of_primitives_is_fresh() -> None:
    committed = (ROOT / "docs" / "primitives.md").read_text(encoding="utf-8")
    assert committed == write_primitives.page(), "run `python docs/write_primitives.py`"


def test_the_table_of_bounds_is_fresh() -> None:
    committed = (ROOT / "docs" / "language.md").read_text(encoding="utf-8")
    assert committed == write_limits.page(), "run `python docs/write_limits.py`"


def test_the_page_of_errors_is_fresh() -> None:
    committed = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    assert committed == write_errors.page(), "run `python docs/write_errors.py`"
