"""The tool that mutates the compiler: which places it finds, and how it counts what became of them."""

from __future__ import annotations

import pytest

from tools.mutate import TESTS, Mutant, _places, summary

SOURCE = "def area(side: int | None, times: int = 2) -> int | None:\n    return side * side if side else times\n"


def test_one_place_has_all_its_changes_and_annotations_have_none() -> None:
    pytest.importorskip("cosmic_ray", reason="of the extra `mutation`")
    places = list(_places("archdsl/ir/area.py", SOURCE))
    changed = {mutant.apply(SOURCE).replace("  ", " ") for place in places for mutant in place}
    flat = SOURCE.replace("  ", " ")
    assert len(places) == 3
    assert {flat.replace("side * side", "side + side"), flat.replace("if side", "if not side")} <= changed
    assert all("int | None, times" in text and "-> int | None" in text for text in changed)


def test_a_mutant_is_of_the_innermost_package() -> None:
    assert Mutant("archdsl/elaborate/check/files.py", 1, 1, "core/AddNot", 0).package == "archdsl/elaborate/check"
    assert Mutant("archdsl/elaborate/effort.py", 1, 1, "core/AddNot", 0).package == "archdsl/elaborate"
    assert set(TESTS) >= {"archdsl/ir", "archdsl/backends/memory", "archdsl/backends/latency"}


def test_hangs_count_as_killed() -> None:
    mutant = {"path": "archdsl/ir/a.py", "line": 1, "end": 1, "operator": "core/AddNot", "occurrence": 0}
    results = [{**mutant, "outcome": outcome} for outcome in ("killed", "hangs", "survived", "killed")]
    assert "| `archdsl/ir` | 4 | 3 | 1 | 75.0 |" in summary(results)
