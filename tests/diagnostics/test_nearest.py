"""Names that somebody may have meant."""

import pytest

from archdsl.diagnostics import Diagnostic, Source, Span
from archdsl.diagnostics.codes import UNKNOWN_NAME
from archdsl.diagnostics.nearest import did_you_mean, distance, is_slip, nearest, nearest_file

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
        ("conv1d", []),
        ("kern", []),
        ("sigm", ["sigmoid"]),
        ("swish_inplace", ["swish"]),
        ("wsish", ["swish"]),
        ("x" * 100, []),
    ],
)
def test_nearest(name: str, meant: list[str]) -> None:
    assert nearest(name, NAMES) == meant


@pytest.mark.parametrize(
    ("name", "candidates"),
    [
        ("latency", ["flatten"]),
        ("train", ["breaking", "estimate", "explain", "lsp"]),
        ("deconv", ["separable_conv"]),
        ("ab", ["xy"]),
        ("a", ["b", "c"]),
    ],
)
def test_nothing_is_near(name: str, candidates: list[str]) -> None:
    assert nearest(name, candidates) == []


@pytest.mark.parametrize(
    ("name", "candidate", "far"),
    [("a", "a", 0), ("ab", "ba", 1), ("abc", "ab", 1), ("abc", "axc", 1), ("ca", "abc", 3), ("kitten", "sitting", 3)],
)
def test_distance(name: str, candidate: str, far: int) -> None:
    assert distance(name, candidate, 3) == distance(candidate, name, 3) == far
    assert distance(name, candidate, max(0, far - 1)) == far


@pytest.mark.parametrize(
    ("name", "candidate"),
    [
        ("BatchNorm", "batch_norm"),
        ("ReLU", "relu"),
        ("ReLU6", "relu6"),
        ("True", "true"),
        ("widht", "width"),
        ("chanels", "channels"),
        ("channells", "channels"),
        ("channelss", "channels"),
        ("kernal", "kernel"),
        ("laysrs", "layers"),
        ("scal", "scale"),
        ("conmv", "conv"),
    ],
)
def test_a_slip(name: str, candidate: str) -> None:
    assert is_slip(name, candidate)


@pytest.mark.parametrize(
    ("name", "candidate"),
    [
        ("deconv", "conv"),
        ("dconv", "conv"),
        ("convt", "conv"),
        ("conv1", "conv"),
        ("conv1d", "conv"),
        ("conv2d", "conv"),
        ("prelu", "relu"),
        ("selu", "relu"),
        ("relu7", "relu6"),
        ("channel_mean", "channel_gain"),
        ("cellb", "cella"),
        ("cell_b", "cell_a"),
        ("cell_b_small", "cell_a_small"),
        ("k", "s"),
        ("se", "sa"),
    ],
)
def test_another_name(name: str, candidate: str) -> None:
    assert not is_slip(name, candidate)


@pytest.mark.parametrize(
    ("path", "files", "meant"),
    [
        ("nofile.arch", ["one.arch", "tile.arch", "profiles.arch"], []),
        ("a/very/long/folder/nofile.arch", ["a/very/long/folder/other.arch"], []),
        ("a/resnt.arch", ["a/resnet.arch", "a/renet2.arch", "a/vgg.arch"], ["a/resnet.arch"]),
        ("resnet", ["resnet.arch"], ["resnet.arch"]),
    ],
)
def test_files(path: str, files: list[str], meant: list[str]) -> None:
    assert nearest_file(path, files) == meant


def test_question() -> None:
    assert did_you_mean("widht", ["width"]) == "did you mean `width`?"
    assert did_you_mean("ab", ["abc", "abd"]) == "did you mean `abc` or `abd`?"
    assert did_you_mean("ab", []) is None


def of(text: str) -> Diagnostic:
    return Diagnostic(UNKNOWN_NAME, "unknown", Span(Source("net.arch", text), 0, len(text)))


def test_a_single_near_name_is_a_fix() -> None:
    problem = of("widht").suggesting("widht", ["width", "depth"])
    assert problem.help == "did you mean `width`?"
    assert problem.fix is not None
    assert [edit.text for edit in problem.fix.edits] == ["width"]
    assert problem.fix.is_safe


@pytest.mark.parametrize(("text", "meant"), [("bn", "batch_norm"), ("conv1d", "conv"), ("deconv", "conv")])
def test_what_may_be_another_name_is_a_suggestion(text: str, meant: str) -> None:
    problem = of(text).suggesting(text, [meant])
    assert problem.help == f"did you mean `{meant}`?"
    assert problem.fix is not None
    assert not problem.fix.is_safe


@pytest.mark.parametrize(
    ("text", "candidates"),
    [
        ("ab", ["abc", "abd"]),  # two
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
