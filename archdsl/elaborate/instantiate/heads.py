"""The head of a model that reads the stem and the stages by name: a block, made of bindings of the model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from archdsl.elaborate.evaluate.describe import kind
from archdsl.elaborate.evaluate.values import List, Scope, SharedLayer, Tensor
from archdsl.elaborate.instantiate.apply import (
    INPUT,
    Applier,
    bind_name,
    facts_of,
    lists_of,
    note,
    place,
    scalars_of,
)
from archdsl.elaborate.instantiate.errors import HeadNotTensor, OutputNotTensor
from archdsl.elaborate.problems import ElaborationError, bounded_depth
from archdsl.elaborate.resolve.definitions import Definition
from archdsl.elaborate.resolve.graph import Graph
from archdsl.elaborate.resolve.liveness import without_unread
from archdsl.ir.base import Shape
from archdsl.ir.body import Apply, BlockInstance, Bound, NamedOutput
from archdsl.language import tree
from archdsl.language.nodes import names_in


class _Known(Struct):
    """What a block instance says of its names."""

    scalars: dict[str, Any]
    layers: dict[str, str]
    formulas: dict[str, str] = field(default_factory=dict)


def head(
    applier: Applier, graph: Graph, outer: Scope, last: Tensor, maps: Mapping[str, tuple[str, Tensor]]
) -> tuple[Apply, BlockInstance]:
    """The head applied to what comes out of the last stage, and the instance that it is. Raises ElaborationError.

    `outer` has the names of the model; `maps` are the tensors of `graph.reads` by these names, with the paths that they
    come from. One that is `last` itself is what the head is applied to.
    """
    definition = Definition(graph.block, outer.environment)
    others = {name: (path, tensor) for name, (path, tensor) in maps.items() if tensor is not last}
    shapes = {name: tensor.shape for name, (_, tensor) in others.items()}
    scope = _scope(applier, definition, graph, outer, last, maps)
    known = _Known({f"in_{fact}": value for fact, value in last.shape.facts}, dict(applier.shown))
    for name in shapes:
        known.scalars |= facts_of(name, scope.names[name], known.scalars)
    for name in _read(graph.block, outer):
        note(name, outer.names[name], known.scalars, known.layers)
    with applier.parts() as parts:
        for statement, environment in zip(graph.block.body, graph.environments, strict=True):
            assert isinstance(statement, tree.Binding)
            with bounded_depth(statement.value.span):
                inner = replace(scope, environment=environment)
                bind_name(statement, inner, known.scalars, known.layers, known.formulas, {})
        block = _instance(
            applier.instances.new_id(definition.name), definition, graph, scope, known, last.shape, shapes
        )
        made = dict.fromkeys(parts)
    applier.instances.add(block, Tensor(block.output, None), made, tries_layers=True)
    apply = Apply.made(
        step="apply",
        name="head",
        operator=None,
        block=block.id,
        others=tuple(Bound.made(node="bound", name=path) for path, _ in others.values()),
        other_shapes=tuple(shapes.values()),
        input=last.shape,
        output=block.output,
        input_list=(),
        output_list=(),
        formulas={"classes": "classes"} if "classes" in known.scalars else {},
        place=block.place,
    )
    return apply, block


def _read(block: tree.Block, outer: Scope) -> list[str]:
    """The names of the model that the head reads, those among them that its layers are written with."""
    found: dict[str, None] = {}
    ahead: list[tree.Node] = [block]
    while ahead:
        for name in dict.fromkeys(name.text for name in names_in(ahead.pop())):
            if name in outer.names and name not in found:
                found[name] = None
                ahead += [outer.origins[name].node] if name in outer.origins else []
    return [*found]


def _scope(
    applier: Applier,
    definition: Definition,
    graph: Graph,
    outer: Scope,
    last: Tensor,
    maps: Mapping[str, tuple[str, Tensor]],
) -> Scope:
    """The names of the model, and those of the tensors."""
    names = dict(outer.names)
    names["in"] = Tensor(last.shape, INPUT, last.facts, last.channels_from)
    for name, (_, tensor) in maps.items():
        bound = Bound.made(node="bound", name=name)
        is_last = tensor is last
        names[name] = names["in"] if is_last else Tensor(tensor.shape, bound, tensor.facts, tensor.channels_from)
    shared = frozenset(name for name, value in names.items() if isinstance(value, SharedLayer))
    modules = definition.names(frozenset(graph.reads), shared)
    origins, decisions = dict(outer.origins), applier.decisions
    return Scope(
        outer.environment,
        names,
        applier.settings,
        applier,
        modules,
        origins,
        decisions=decisions,
        body=[],
        effort=applier.effort,
    )


def _instance(
    identity: str,
    definition: Definition,
    graph: Graph,
    scope: Scope,
    known: _Known,
    last: Shape,
    others: dict[str, Shape],
) -> BlockInstance:
    outputs: dict[str, NamedOutput] = {}
    for name, bound in graph.outputs.items():
        tensor = scope.names[bound]
        if not isinstance(tensor, Tensor):
            of_list = (bound if bound != name else "maps") if isinstance(tensor, List) else None
            raise ElaborationError(OutputNotTensor(name, kind(tensor), of_list).at(scope.origins[bound].node.span))
        outputs[name] = NamedOutput.made(value=tensor.expression, shape=tensor.shape)
    assert scope.body is not None
    return BlockInstance.made(
        id=identity,
        name=definition.name,
        doc="",
        parameters=(),
        scalars=scalars_of(known.scalars),
        formulas=known.formulas,
        lists=lists_of(known.scalars),
        layers=known.layers,
        input=last,
        input_list=(),
        tensors=others,
        tensor_lists={},
        outputs=outputs,
        output=next(iter(outputs.values())).shape if outputs else _out(scope).shape,
        output_list=(),
        facts={},
        body=tuple(without_unread(scope.body, {}, graph.outputs.values() or ("out",))),
        place=place(definition.block.name.span),
    )


def _out(scope: Scope) -> Tensor:
    """What a head without several outputs puts out. Raises ElaborationError where that is no tensor."""
    out = scope.names["out"]
    if not isinstance(out, Tensor):
        raise ElaborationError(HeadNotTensor(kind(out)).at(scope.origins["out"].node.span))
    return out
