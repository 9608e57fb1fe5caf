"""docs/comparison.md: what archdsl says in it is what archdsl says. The other tools need not be here."""

from __future__ import annotations

import pytest

from tools import DOCS, comparison_mistakes, write_comparison

PAGE = (DOCS / "comparison.md").read_text(encoding="utf-8")
NUMBERED = list(enumerate(comparison_mistakes.MISTAKES, 1))


@pytest.mark.parametrize(("number", "mistake"), NUMBERED, ids=lambda value: getattr(value, "title", ""))
def test_ours_is_current(number: int, mistake: comparison_mistakes.Mistake) -> None:
    answer = write_comparison.answer("archdsl", mistake.archdsl)
    assert answer is not None
    assert answer.verdict != "accepted"
    told = write_comparison.section("archdsl", mistake.archdsl, answer)
    assert f"## {number}. {mistake.title}\n\n{told}\n**timm**" in PAGE
    cell = write_comparison.verdict("archdsl", mistake.archdsl, answer)
    assert f"\n| {number}. {mistake.title} | {cell} | " in PAGE


def test_there_are_ten_and_no_more() -> None:
    assert len(NUMBERED) == 10
    assert PAGE.count("\n**archdsl**, ") == 10


def test_the_sound_network_is_sound() -> None:
    assert write_comparison.ask_archdsl(comparison_mistakes.ARCHDSL).verdict == "accepted"
    for text in comparison_mistakes.TOOLS.values():
        assert text in PAGE


@pytest.mark.parametrize("tool", ["timm", "PyTorch"])
def test_a_mistake_is_what_it_says(tool: str) -> None:
    """The edits fit the networks, so that only what is meant is different."""
    for mistake in comparison_mistakes.MISTAKES:
        edits = write_comparison.edits_of(mistake)[tool]
        if not isinstance(edits, str):
            assert comparison_mistakes.made(comparison_mistakes.TOOLS[tool], edits)
