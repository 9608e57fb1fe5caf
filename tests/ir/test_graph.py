"""The operator graph: its paths are those of the built module, and nothing is lost on the way."""

from __future__ import annotations

import doctest
import subprocess
import sys
import types
from functools import cache
from pathlib import Path

import networkx
import pytest

from archdsl.backends.memory.lifetimes import lifetimes
from archdsl.backends.pytorch import emit
from archdsl.compiler import compile_file, compile_source
from archdsl.diagnostics import DiagnosticError, Source
from archdsl.ir.architecture import Architecture
from archdsl.ir.base import Shape
from archdsl.ir.cost import Costs
from archdsl.ir.walk import walk
from tests.meta import on_meta

SPECS = Path(__file__).parents[2] / "specs"
PAGE = Path(__file__).parents[2] / "docs" / "graph.md"

# Every way in which a layer gets its path: bindings with one step and with several, guards, copies of a layer and of a
# composite, a named composite, layers inside larger expressions, names that Python or torch.nn keep for themselves.
TEXT = """
block inner(channels) {
  x = in -> norm -> act
  shortcut = x -> conv(channels)
  main = x -> conv(channels) -> [norm -> act -> conv(channels, 3)] * 2 -> norm when channels > 8 -> drop_path
  out = (2 * main) + shortcut -> gain(0)
}

block tree(channels, depth = 2, stride = 1) {
  down = in -> max_pool(3, stride = 2) -> inner(channels) * 2
  type = down -> conv(channels) as forward -> act
  deep = if depth > 1 then (down -> tree(channels, depth - 1)) + down else down
  mask = deep + type -> [norm -> conv(channels)] as gate -> sigmoid
  up = mask -> resize(like = in)
  out = concat(in -> conv(channels), (1 + up) * (in -> conv(channels))) -> conv(channels, stride = stride)
}

model forest {
  input   = 3 x 32 x 32
  classes = 10
  norm    = batch_norm
  act     = relu
  stem = conv(8, 3) as forward -> [norm -> act] as rest -> max_pool(3, stride = 2)
  stages {
    | op    | channels | stride | layers | name   |
    | inner | 16       | -      | 2      | small  |
    | tree  | 24       | 2      | 1      | lambda |
  }
  head = norm -> act -> global_avg_pool -> linear(classes)
}
"""


def forest() -> Architecture:
    (architecture,) = compile_source(Source("forest.arch", TEXT)).checked()
    return architecture


FOREST = "forest"
NAMES = [FOREST, *(path.stem for path in sorted(SPECS.glob("*.arch")) if not path.stem.endswith("_space"))]


@cache
def of_file(name: str) -> Architecture:
    """The first network of a shipped file, or the forest."""
    return forest() if name == FOREST else compile_file(SPECS / f"{name}.arch").checked()[0]


@pytest.fixture(params=NAMES)
def architecture(request: pytest.FixtureRequest) -> Architecture:
    # Compiled by the worker that has its tests, not by all of them as they collect.
    return of_file(request.param)


def test_a_graph_from_input_to_output(architecture: Architecture) -> None:
    graph = architecture.graph()
    assert networkx.is_directed_acyclic_graph(graph)
    assert networkx.has_path(graph, "input", "output")
    assert [node for node in graph if not graph.in_degree(node)] == ["input"]
    assert [node for node in graph if not graph.out_degree(node)] == ["output"]
    assert graph.nodes["input"]["output"] == architecture.input
    assert graph.nodes["output"]["input"] == architecture.output


def test_its_nodes_cost_what_the_model_costs(architecture: Architecture) -> None:
    graph, model = architecture.graph(), Costs(architecture).model()
    assert sum(cost for _, cost in graph.nodes(data="params")) == model.params
    assert sum(cost for _, cost in graph.nodes(data="macs")) == model.macs


def test_edges_carry_what_flows(architecture: Architecture) -> None:
    graph = architecture.graph()
    for source, target, shape in graph.edges(data="shape"):
        assert shape == graph.nodes[source]["output"], (source, target)
    for node, data in graph.nodes(data=True):
        if data["primitive"] is not None and graph.in_degree(node) == 1:
            assert data["primitive"].output(data["input"]) == data["output"], node


def test_paths_are_those_of_the_built_module(architecture: Architecture) -> None:

    module = types.ModuleType("emitted")
    exec(emit([architecture], "forest.arch"), module.__dict__)
    with on_meta():
        network = getattr(module, architecture.name)()
    # The head is split for forward_features and forward_head, so its paths differ.
    built = {
        path: part for path, part in network.named_modules() if path and not path.startswith(("head", "classifier"))
    }
    weighted = {path for path, part in built.items() if [*part.parameters(recurse=False)]}
    graph = architecture.graph()
    paths = {path for path, part in graph.nodes(data="primitive") if part is not None and path.split(".")[0] != "head"}
    assert paths <= built.keys()
    assert weighted <= paths


def test_the_paths_of_a_network() -> None:
    (v2_l,) = compile_file(SPECS / "v2_l.arch").checked()
    graph = v2_l.graph()
    assert graph.nodes["stages.3.0.main.depthwise"]["operator"] == "depthwise"
    assert graph.nodes["stages.3.0.main.depthwise"]["input"] == Shape(384, 60, 60)
    assert graph.nodes["stages.3.0.main.depthwise"]["output"] == Shape(384, 30, 30)
    assert graph.nodes["stages.3.1.add"]["operator"] == "add"
    assert graph.edges["stages.3.0.main.norm_2", "stages.3.1.add"]["shape"] == Shape(192, 30, 30)
    assert {"stem.conv", "stages.3.0.main.squeeze_excite.multiply", "head.linear"} <= set(graph)


def test_visits_are_in_the_order_in_which_they_run() -> None:
    seen: set[str] = set()
    for visit in walk(forest()):
        assert {tensor.path for tensor in visit.inputs} <= seen
        assert visit.path not in seen
        seen.add(visit.path)


def test_levels_lead_to_the_operator() -> None:
    visits = {visit.path: visit for visit in walk(forest())}
    levels = visits["stages.small.1.main.layers.1.conv"].levels
    assert [(level.path, level.name) for level in levels] == [("stages.small", "small"), ("stages.small.1", "inner")]


def test_a_short_text_that_unfolds_without_bound_is_refused() -> None:
    text = """
    block twice(depth) { out = (if depth > 0 then in -> twice(depth - 1) -> twice(depth - 1) else in) -> relu }
    model m {
      input = 3 x 8 x 8
      act = relu
      stages {
        | op    | depth | layers |
        | twice | 40    | 1      |
      }
    }
    """
    (architecture,) = compile_source(Source("twice.arch", text)).checked()
    with pytest.raises(DiagnosticError, match="unfolds to more than"):
        architecture.graph()


def test_the_page_of_graphs_is_true() -> None:
    failed, tried = doctest.testfile(str(PAGE), module_relative=False)
    assert tried > 8
    assert failed == 0


def test_a_tensor_is_held_until_its_last_reader_has_run(architecture: Architecture) -> None:
    """Liveness in the graph is the least that memory has to hold; names in the emitted source may hold it longer."""
    lives, graph = lifetimes(architecture), architecture.graph()
    runs = {visit.path: number for number, visit in enumerate(lives.visits)}
    assert all(runs[source] < runs[reader] for source, reader in graph.edges)  # a topological order
    for path in graph:
        last = max((runs[reader] for reader in graph.successors(path)), default=runs[path])
        assert lives.until[path] >= last, path
    assert lives.until["output"] == len(graph) - 1


def test_networkx_waits_until_it_is_needed() -> None:
    code = "import sys, archdsl.ir.architecture, archdsl.ir.walk; sys.exit('networkx' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
