"""Misspelt keywords, wherever one can stand."""

from __future__ import annotations

import pytest

from archdsl.diagnostics import Source
from archdsl.diagnostics.apply_fixes import apply_fixes
from archdsl.language.parser import parse

RIGHT = (
    'use "blocks.arch"\n\nmodel a(w = 1) {\n  require params <= 5M\n  scale { channels = 8 }\n'
    "  stages {\n    | op |\n    | b  |\n"
    "  }\n}\n\nvariants a {\n  | name |\n  | b1   |\n}\n\nmodel c extends a {\n  stages 1..2 { op = b }\n"
    "  stem = [norm] when true\n  head = if true then norm else act\n}\n\nblock b(channels) {\n  out = in\n}\n\n"
    "extern block e(channels) {\n  out = in.channels x 1 x 1\n  params = 0\n  macs = 0\n}\n\n"
    "recipe r for a {\n  epochs = 5\n}\n"
)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("model a", "modle a"),
        ("model a", "moddel a"),
        ("model c", "Model c"),
        ("block b", "blok b"),
        ("block b", "bolck b"),
        ("extern block e", "extren block e"),
        ("extern block e", "exern block e"),
        ("variants a", "varaints a"),
        ("variants a", "variant a"),
        ("recipe r", "recpie r"),
        ("extends a", "extens a"),
        ("extends a", "exetnds a"),
        ("require params", "requrie params"),
        ("require params", "reqire params"),
        ("scale {", "scal {"),
        ("stages {", "stage {"),
        ("stages {", "satges {"),
        ("stages 1..2", "stage 1..2"),
        ("when true", "wen true"),
        ("when true", "whne true"),
        ("then norm", "thne norm"),
        ("else act", "esle act"),
    ],
)
def test_a_slip(right: str, wrong: str) -> None:
    source = Source("net.arch", RIGHT.replace(right, wrong))
    (problem,) = parse(source)[1]
    assert problem.message == f"`{wrong.split()[0]}` is not a keyword"
    assert problem.help == f"did you mean `{right.split()[0]}`?"
    assert problem.fix is not None
    assert problem.fix.is_safe
    assert apply_fixes(source, [problem])[0].text == RIGHT


@pytest.mark.parametrize(("right", "wrong"), [("use", "ues"), ("for a", "fro a"), ("model a", "models a")])
def test_what_may_be_another_word_is_a_suggestion(right: str, wrong: str) -> None:
    (problem,) = parse(Source("net.arch", RIGHT.replace(right, wrong, 1)))[1]
    assert problem.help == f"did you mean `{right.split()[0]}`?"
    assert problem.fix is not None
    assert not problem.fix.is_safe


def test_one_hides_none_in_other_items() -> None:
    text = RIGHT.replace("model a", "modle a").replace("variants", "varaints").replace("out = in\n", "out = in;\n")
    assert [problem.message for problem in parse(Source("net.arch", text))[1]] == [
        "`modle` is not a keyword",
        "`varaints` is not a keyword",
        "`;` has no meaning here",
    ]
