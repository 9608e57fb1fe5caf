"""Names that somebody may have meant."""

import pytest

from archdsl.diagnostics import Diagnostic, Source, Span
from archdsl.diagnostics.codes import UNKNOWN_NAME
from archdsl.diagnostics.nearest import did_you_mean, nearest

NAMES = ["swish", "hard_swish", "hard_sigmoid", "sigmoid", "batch_norm", "group_norm", "global_avg_pool", "avg_pool"]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("hswish", ["hard_swish"]),
        ("hardswish", ["hard_swish"]),
        ("hsigmoid", ["hard_sigmoid"]),
        ("swisch", ["swish"]),
        ("bn", ["batch_norm"]),
        ("gap", ["global_avg_pool"]),
        ("avgpool", ["avg_pool"]),
        ("batchnorm", ["batch_norm"]),
        ("SWISH", ["swish"]),
        ("HardSwish", ["hard_swish"]),
        ("transformer", []),
        ("x" * 100, []),
    ],
)
def test_nearest(name: str, meant: list[str]) -> None:
    assert nearest(name, NAMES) == meant


def test_question() -> None:
    assert did_you_mean("widht", ["width"]) == "did you mean `width`?"
    assert did_you_mean("ab", ["abc", "abd"]) == "did you mean `abd` or `abc`?"
    assert did_you_mean("ab", []) is None


def of(text: str) -> Diagnostic:
    return Diagnostic(UNKNOWN_NAME, "unknown", Span(Source("net.arch", text), 0, len(text)))


def test_a_single_near_name_is_a_fix() -> None:
    problem = of("widht").suggesting("widht", ["width", "depth"])
    assert problem.help == "did you mean `width`?"
    assert problem.fix is not None
    assert [edit.text for edit in problem.fix.edits] == ["width"]


@pytest.mark.parametrize(
    ("text", "candidates"),
    [
        ("ab", ["abc", "abd"]),  # two
        ("bn", ["batch_norm"]),  # an abbreviation, of others too
        ("normalise", ["norm"]),  # not near enough
        ("widht", ["depth"]),
    ],
)
def test_what_is_only_asked(text: str, candidates: list[str]) -> None:
    assert of(text).suggesting(text, candidates).fix is None


def test_a_fix_is_for_the_very_name() -> None:
    assert of("widht * 2").suggesting("widht", ["width"]).fix is None


def test_in_quotes() -> None:
    problem = of('"blcks.arch"').suggesting("blcks.arch", ["blocks.arch"])
    assert problem.fix is not None
    assert [edit.text for edit in problem.fix.edits] == ['"blocks.arch"']
    assert of('"blcks.arch"').suggesting("blcks.arch", ['bl"ocks.arch']).fix is None
