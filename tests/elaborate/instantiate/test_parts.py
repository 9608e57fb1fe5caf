"""A model as a part of another: which stages are there, under whose settings, and what can be read."""

from __future__ import annotations

import pytest

import archdsl
from archdsl.compiler import Compiled, compile_source
from archdsl.diagnostics import Source
from archdsl.ir.architecture import Architecture
from archdsl.ir.base import Shape
from archdsl.ir.body import Bound
from archdsl.ir.walk import walk

BASE = """
block unit(channels, stride = 1) {
  out = in -> conv(channels, 3, stride = stride) -> norm -> act -> drop_path
}
model base(width = 8) {
  input     = 3 x 64 x 64
  classes   = 10
  norm      = batch_norm(eps = 1e-3)
  act       = silu
  drop_path = ramp(0.5)
  stem = conv(width, 3, stride = 2)
  stages {
    | name | op   | channels  | stride | layers |
    | -    | unit | width     | 1      | 1      |
    | c2   | unit | 2 * width | 2      | 1      |
    | -    | unit | 4 * width | 2      | 2      |
  }
  head = global_avg_pool -> linear(classes)
}
variants base {
  | name | width |
  | wide | 16    |
  | 4    | 4     |
}
model net(_factor = 1) {
  input = 1 x 32 x 48
"""


def compile_net(*lines: str, beginning: str = BASE) -> Compiled:
    return compile_source(Source("net.arch", beginning + "".join(f"  {line}\n" for line in lines) + "}\n"))


def network(*lines: str) -> Architecture:
    found = compile_net(*lines)
    assert found.found == (), found.found[0]
    return next(architecture for architecture in found.architectures if architecture.model == "net")


def message(*lines: str) -> str:
    problem = compile_net(*lines).found[0]
    assert problem.span is not None
    return f"{problem.span.text}: {problem.message}"


def test_a_part_has_its_own_settings_and_the_images_of_the_network() -> None:
    made = network("backbone = base.wide", "head = backbone -> conv(7) -> norm -> act")
    assert made.part is not None
    assert (made.part.name, made.part.network) == ("backbone", "base.wide")
    assert made.part.settings == {"norm": "batch_norm(eps = 0.001)", "act": "silu", "padding": "symmetric"}
    assert made.settings["act"] == "relu"
    assert made.stem is not None
    assert made.stem.input == Shape(1, 32, 48)
    assert [stage.output for stage in made.stages] == [Shape(16, 16, 24), Shape(32, 8, 12), Shape(64, 4, 6)]
    acts = [visit.operator for visit in walk(made) if visit.operator in ("silu", "relu")]
    assert acts == ["silu"] * 4 + ["relu"]
    assert made.drop_path.rate == 0.5
    assert made.output == Shape(7, 4, 6)


def test_its_operators_are_inside_it_and_the_head_is_beside() -> None:
    made = network("backbone = base.wide", "head = backbone -> conv(7)")
    paths = [visit.path for visit in walk(made)]
    assert paths[:3] == ["input", "backbone.stem", "backbone.stages.0.0.conv"]
    assert "backbone.stages.c2.0.conv" in paths
    assert paths[-3:] == ["backbone.stages.2.1.drop_path", "head.conv", "output"]
    assert made.path(made.stages[1]) == "backbone.stages.c2"


def test_maps_are_read_by_name_and_by_number() -> None:
    made = network(
        "part = base.wide",
        "head = concat(part.stage3 -> resize(like = part.c2), part.c2) -> resize(like = part.stem) -> conv(7)",
    )
    assert made.head is not None
    (apply,) = made.head.steps.steps
    assert [other.name for other in apply.others if isinstance(other, Bound)] == ["part.stem", "part.stages.c2"]
    assert list(made.blocks[apply.block].tensors) == ["part_stem", "part_c2"]
    assert made.output == Shape(7, 16, 24)


def test_stages_that_nothing_reads_are_left_off() -> None:
    low = network("part = base.wide", "head = part.c2 -> conv(7)")
    assert [stage.name for stage in low.stages] == ["0", "c2"]
    # The paths that are dropped are those of a table that ends there.
    assert [layer.drop_path for stage in low.stages for layer in stage.layers] == [0.0, 0.25]
    assert network("part = base.wide", "head = part.stem -> conv(7)").stages == ()
    whole = network("part = base.wide", "outputs {", "low = part.c2 -> conv(1)", "last = part", "}")
    assert len(whole.stages) == 3
    assert whole.outputs["last"] == Shape(64, 4, 6)


def test_layers_as_a_head_are_on_its_last_map() -> None:
    made = network("part = base.wide", "head = global_avg_pool -> linear(7)")
    assert made.head is not None
    assert not made.head.reads_maps
    assert made.output == Shape(7, 1, 1)
    assert network("part = base.wide").output == Shape(64, 4, 6)


def test_parameters_are_given_in_the_names_of_the_network() -> None:
    made = network("times = 3", "part = base(width = 4 * _factor * times)", "head = part -> conv(7)")
    assert [stage.output.channels for stage in made.stages] == [12, 24, 48]
    numbered = network("part = base.4", "head = part -> conv(part.stem.channels) -> conv(part.channels)")
    assert numbered.output.channels == 16
    assert [visit.output.channels for visit in walk(numbered)][-3:] == [4, 16, 16]


def test_a_part_may_be_called_as_its_model() -> None:
    assert network("base = base.wide", "head = base.c2 -> conv(7)").output == Shape(7, 8, 12)


def test_a_model_that_extends_takes_another_part() -> None:
    text = BASE + "  part = base.wide\n  head = part.c2 -> conv(7)\n}\nmodel other extends net { part = base.4 }\n"
    found = compile_source(Source("net.arch", text))
    assert found.found == ()
    assert found.architectures[-1].stages[-1].output == Shape(8, 8, 12)


def test_blocks_of_the_file_leave_a_part_of_another_file_as_it_is() -> None:
    """Else than in a model that is extended."""
    text = """use "archdsl:resnet.arch"
    block shortcut(channels, stride = 1, d = false) {
      out = in -> conv(channels, 5, stride = stride)
    }
    block conv_norm_act(channels, kernel = 1, stride = 1, groups = 1) {
      out = in -> conv(channels, kernel, stride = stride)
    }
    model net {
      input = 3 x 64 x 64
      part  = resnet.18
      head  = part -> conv_norm_act(4)
    }
    model other extends resnet.18 { }
    model another extends net { part = resnet.50 }
    """
    made, other, another = compile_source(Source("net.arch", text)).checked()
    resnet = archdsl.load("archdsl:resnet.arch", "resnet_18")
    assert made.costs.model().params == resnet.params - 512 * 1000 - 1000 + 512 * 4
    assert other.costs.model().params > resnet.params
    resnet = archdsl.load("archdsl:resnet.arch", "resnet_50")
    assert another.costs.model().params == resnet.params - 2048 * 1000 - 1000 + 2048 * 4


def test_claims_speak_of_the_maps_that_are_there() -> None:
    lines = ["part = base.wide", "head = part.c2 -> conv(7)"]
    assert compile_net(*lines, "require part.c2 == 32 x 8 x 12").found == ()
    assert message(*lines, "require part.c2 == 32 x 8 x 13") == (
        "part.c2 == 32 x 8 x 13: `net` does not meet `part.c2 == 32 x 8 x 13`"
    )
    assert message(*lines, "require part.stage3 == 64 x 4 x 6") == (
        "stage3: the network has no map `part.stage3`: nothing reads it or one behind it"
    )


@pytest.mark.parametrize("name", ["backbone", "modules", "head_", "stages_", "train"])
def test_a_part_is_called_as_a_module_can_be(name: str) -> None:
    made = network(f"{name} = base.wide", f"head = {name} -> conv(7)")
    assert made.part is not None
    assert made.part.name == {"modules": "modules_", "head_": "head__", "stages_": "stages__", "train": "train_"}.get(
        name, name
    )


def test_choices_of_the_head_may_read_its_maps() -> None:
    found = compile_net("part = base.wide", "head = {part.c2, part.stage3} -> conv(7)")
    assert found.found == ()
    assert [space.size for space in found.spaces] == [2]


def test_the_same_mistake_of_a_part_says_where_it_is_one() -> None:
    lines = ["part = base(width = 0)", "head = part -> conv(7)"]
    (problem,) = compile_net(*lines).problems[:1]
    assert "in the part `part`" in [note.text for note in problem.notes]
