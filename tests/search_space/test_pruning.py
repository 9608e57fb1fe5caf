"""`require` lines of a space: what they prune, by parts as in full."""

from __future__ import annotations

import json
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

import archdsl
from archdsl.cli.commands.check import summary
from archdsl.cli.main import main
from archdsl.compiler import compile_source
from archdsl.diagnostics import DiagnosticError, Source
from archdsl.elaborate.instantiate.requirements import prove, subject
from archdsl.predicting import predicted
from archdsl.search_space import pruning
from archdsl.search_space.space import Space
from archdsl.sources import read
from archdsl.spaces import open_space

SPACE = """\
model small {
  input   = 3 x 32 x 32
  classes = 10
  k = {3, 5}
  stem = conv(16, 3, stride = {1, 2}) -> norm -> act
  stages {
    | op     | kernel | channels      | layers |
    | mbconv | {3, 5} | 8 * {1, 2, 3} | {1, 2} |
    | mbconv | k      | 16            | {1, 2} |
  }
  head = global_avg_pool -> linear(classes)
  CLAIMS
}
"""


@cache
def space_of(*claims: str, text: str = SPACE) -> Space:
    return open_space(Source("small.arch", text.replace("CLAIMS", "\n  ".join(f"require {one}" for one in claims))))


CLAIMS = [
    ("params <= 20K",),
    ("params <= 20K", "k == 3 or macs <= 3M"),
    ("reduction == 2", "out == 10 x 1 x 1"),
    ("latency(phone, batch = 2) <= 3ms", "step_time(v100) <= 10s"),
    ("memory(training, batch = 4) <= 12MB",),
    ("activations >= 100K and not flops == 0",),
]


@pytest.mark.parametrize("claims", CLAIMS)
def test_what_is_pruned_by_parts_is_what_the_whole_network_breaks(claims: tuple[str, ...]) -> None:
    space = space_of(*claims)
    environment = space.model.variant.definition.environment
    names = [dict(space.values(space.numbered(index))) for index in range(space.size)]
    met = 0
    for index in range(space.size):
        sample = space.numbered(index)
        whole = space.architecture(sample)
        network = subject(whole, lambda asks, span, whole=whole: predicted(whole, asks))
        in_full = prove(space.pruning.claims, network, {"k": int(names[index]["k"])}, environment)
        by_parts = space.pruning.refuted(sample)
        assert [(one.span, one.label) for one in by_parts] == [(one.span, one.label) for one in in_full]
        met += not by_parts
    assert 0 < met < space.size
    assert (space.left.networks, space.left.is_exact) == (met, True)


def test_only_networks_that_are_left_are_drawn_and_each_alike() -> None:
    space = space_of("params <= 12K")
    left = [index for index in range(space.size) if space.pruning.meets(space.numbered(index))]
    drawn = Counter(sample.index for sample in space.sample(60 * len(left), seed=3))
    assert set(drawn) == set(left)
    assert min(drawn.values()) > 20
    assert max(drawn.values()) < 120
    assert space.sample(5, seed=1) == space.sample(5, seed=1)


def test_a_space_without_claims_draws_what_it_always_did() -> None:
    space = open_space(read(archdsl.specs_folder() / "mnasnet_space.arch"))
    assert [sample.index for sample in space.sample(2, seed=7)] == [113800124137606455, 13917616685163600]
    assert space.left.is_exact


def test_a_pruned_network_says_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "small.arch"
    path.write_text(SPACE.replace("CLAIMS", "require params <= 12K\n  require k == 3"))
    assert main(["space", str(path), "--at", "95"]) == 1
    err = capsys.readouterr().err
    assert "error[ARC506]: network 95 of `small` is pruned: it does not meet `params <= 12K`" in err
    assert "`params` is 34,298 (34.3K)" in err
    assert "`k` is 5" in err
    assert main(["space", str(path), "--at", "0"]) == 0
    with pytest.raises(DiagnosticError, match="is pruned"):
        archdsl.space(path).at(95)


def test_sizes_before_and_after(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "small.arch"
    path.write_text(SPACE.replace("CLAIMS", "require k == 3"))
    assert main(["space", str(path)]) == 0
    assert capsys.readouterr().out.splitlines()[:2] == ["small: 96 networks", "48 of them meet its `require` lines"]
    assert main(["space", str(path), "--output-format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["format_version"], document["size"]) == ("1.2", 96)
    assert document["left"] == {"networks": 48, "exact": True, "met": 48, "tried": 96}
    assert main(["space", str(path), "--prove"]) == 0
    assert "those that `require` lines prune among them" in capsys.readouterr().out


def test_of_a_large_space_the_share_that_is_left_is_drawn() -> None:
    text = (archdsl.specs_folder() / "mnasnet_space.arch").read_text()
    claimed = text.rstrip().removesuffix("}") + "  require params <= 4M\n}\n"
    left = open_space(Source("mnasnet.arch", claimed)).left
    assert not left.is_exact
    assert left.networks == left.size * left.met // left.tried
    assert 0 < left.met < left.tried


def test_none_that_is_left_is_an_end_and_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning, "MOST_IN_VAIN", 50)
    with pytest.raises(
        DiagnosticError, match="none of 50 networks drawn from `small` meets its `require` lines"
    ) as failure:
        space_of("params <= 100").sample(1)
    assert failure.value.diagnostics[0].code.name == "ARC914"


def checked(claim: str, text: str = SPACE) -> tuple[list[str], str]:
    compiled = compile_source(Source("small.arch", text.replace("CLAIMS", f"require {claim}")))
    return [one.code.name for one in (*compiled.problems, *compiled.unmet)], summary(compiled)


def test_check_tells_how_many_are_pruned() -> None:
    assert checked("k == 3") == (
        [],
        "small.arch: 1 search space; `require` lines prune 48 of 96 networks tried",
    )
    assert checked("params >= 1") == ([], "small.arch: 1 search space")
    assert checked("params <= 100")[0] == ["ARC504"]
    # A claim that makes no sense is a mistake and prunes nothing.
    assert checked("params / (k - 3) > 1")[0] == ["ARC303"]
    assert checked("latency(epyc_eager, dtype = float16) < 1s")[0] == ["ARC505"]


def test_where_all_tried_of_a_large_space_are_pruned_more_are_drawn() -> None:
    text = (archdsl.specs_folder() / "mnasnet_space.arch").read_text().rstrip().removesuffix("}") + "  CLAIMS\n}\n"
    found, _ = checked("params <= 100", text)
    assert found == ["ARC504"]
    # Neither the smallest nor the largest nor the one between is left.
    found, line = checked("params >= 4.5M and params <= 5.5M", text)
    assert found == []
    assert "prune " in line


def test_a_model_that_decides_takes_over_no_claims() -> None:
    text = SPACE.replace("CLAIMS", "require params <= 100").replace("k = {3, 5}", "k = {3, 5}", 1)
    decided = "model one extends small {\n  k = 3\n  stem = conv(16)\n"
    decided += (
        "  stages 1 {\n    kernel = 3\n    channels = 8\n    layers = 1\n  }\n  stages 2 {\n    layers = 1\n  }\n}\n"
    )
    compiled = compile_source(Source("small.arch", text + decided), variant="one")
    assert (len(compiled.architectures), compiled.unmet) == (1, ())
