"""How long the emitted source holds each tensor.

Python frees a tensor when nothing names it any more. In the emitted source a tensor is named by the expression that
made it, until the layers that read it have run; by its variable, until the `forward` of its block returns; and by the
arguments of every module that it was handed to, until that returns: `self.stages(x)` holds the output of the stem
through all stages. So this follows scopes, not edges: liveness in the graph is only the least of it (docs/graph.md).
"""

from __future__ import annotations

from typing import NamedTuple

from archdsl.ir.architecture import Architecture
from archdsl.ir.body import Repeat, Sequence, Step
from archdsl.ir.description import Layer, Section, Stage
from archdsl.ir.walk import Flow, Scope, Tensor, Tracer, Visit, tensors_of

_ENDS_MAPS = {"global_avg_pool", "global_max_pool", "linear", "flatten"}


class Span(NamedTuple):
    """A stage or one of its layers: the numbers of its first and last operator, and the tensor that it reads."""

    path: str
    first: int
    last: int
    source: str


class Lifetimes(NamedTuple):
    """The operators of a network; until which of them (by number) each tensor (by path) is held; the spans of stages
    and of layers; the rates at which layers are dropped, by operator."""

    visits: list[Visit]
    until: dict[str, int]
    stages: list[Span]
    layers: list[Span]
    rates: dict[int, float]


def lifetimes(architecture: Architecture) -> Lifetimes:
    """Follow a network the way its emitted source runs."""
    holder = _Holder(architecture)
    visits = holder.network()
    return Lifetimes(visits, holder.until, holder.stage_spans, holder.layer_spans, holder.rates)


class _Holder(Tracer):
    def __init__(self, architecture: Architecture):
        super().__init__(architecture)
        self.until: dict[str, int] = {}
        self.stage_spans: list[Span] = []
        self.layer_spans: list[Span] = []
        self.rates: dict[int, float] = {}
        self._rate = 0.0

    def network(self) -> list[Visit]:
        visits = super().network()
        # Whoever calls the network holds the images and gets the output.
        for visit in visits:
            if visit.operator in ("input", "output"):
                self.until[visit.path] = self._now
        return visits

    @property
    def _now(self) -> int:
        return len(self.visits) - 1

    def _hold(self, flow: Flow) -> None:
        for tensor in tensors_of(flow):
            self.until[tensor.path] = max(self.until.get(tensor.path, 0), self._now)

    def note(self, path: str, operator: str, inputs: tuple[Tensor, ...], *rest: object, **named: object) -> Tensor:
        tensor = super().note(path, operator, inputs, *rest, **named)  # type: ignore[arg-type]
        for each in (*inputs, tensor):
            self._hold(each)
        self.rates[self._now] = self._rate
        return tensor

    # Modules hold what they are given until they return. -------------------------------------------------------------

    def section(self, section: Section, source: Tensor) -> Tensor:
        first = self._now + 1
        tensor = super().section(section, source)
        end = self._now
        if section.name == "head":
            # The part of a head that makes maps is a module, what follows them another.
            end = next((number - 1 for number in range(first, end + 1) if _ends_maps(self.visits[number])), end)
        self.until[source.path] = max(self.until.get(source.path, 0), end)
        return tensor

    def stages(self, source: Tensor) -> Tensor:
        tensor = super().stages(source)
        self._hold(source)
        return tensor

    def stage(self, stage: Stage, source: Tensor, path: str) -> Tensor:
        first = self._now + 1
        tensor = super().stage(stage, source, path)
        self._hold(source)
        self.stage_spans.append(Span(path, first, self._now, source.path))
        return tensor

    def layer(self, layer: Layer, source: Tensor, path: str, scope: Scope) -> Tensor:
        first, self._rate = self._now + 1, layer.drop_path
        tensor = super().layer(layer, source, path, scope)
        self._rate = 0.0
        self.layer_spans.append(Span(path, first, self._now, source.path))
        return tensor

    def block(self, identity: str, source: Flow, path: str, others: tuple[Flow, ...] = ()) -> Flow:
        tensor = super().block(identity, source, path, others)
        for given in (source, *others):
            self._hold(given)
        return tensor

    def repeat(self, step: Repeat, source: Flow, path: str, scope: Scope) -> Flow:
        tensor: Flow = source
        for index, copy in enumerate(step.copies):
            given = tensor
            tensor = self.step(copy, given, f"{path}.{index}", scope)
            self._hold(given)  # each copy is a module of its own
        self._hold(source)
        return tensor

    def step(self, step: Step, source: Flow, prefix: str, scope: Scope) -> Flow:
        tensor = super().step(step, source, prefix, scope)
        if isinstance(step, Sequence) and step.name:
            self._hold(source)
        return tensor

    def own_module(self, steps: tuple[Step, ...], source: Flow, path: str, scope: Scope) -> Flow:
        tensor = super().own_module(steps, source, path, scope)
        self._hold(source)
        return tensor

    # Variables live until the `forward` of their block returns. ------------------------------------------------------

    def bindings(self, identity: str, scope: Scope) -> None:
        super().bindings(identity, scope)
        for tensor in (*scope.bound.values(), *(tensor for tensors in scope.lists.values() for tensor in tensors)):
            self._hold(tensor)


def _ends_maps(visit: Visit) -> bool:
    """Whether an operator is a head's own that leaves no map."""
    return visit.operator in _ENDS_MAPS and len(visit.levels) == 1
