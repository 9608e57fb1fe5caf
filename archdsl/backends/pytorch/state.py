"""What the `state_dict` of an emitted network holds, derived from the architecture: nothing is built or emitted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from archdsl.backends.pytorch.naming import classifier_attribute
from archdsl.ir.architecture import Architecture
from archdsl.ir.base import Shape
from archdsl.ir.body import Alternative, Apply, Guard, Repeat, Sequence, Step
from archdsl.ir.description import Section
from archdsl.ir.externs import externs
from archdsl.ir.head import divided
from archdsl.ir.operators import Primitive
from archdsl.ir.operators.base import Tensors
from archdsl.ir.operators.extern import Extern
from archdsl.ir.walk import Flow, Level, Scope, Tensor, Tracer, Visit, single

Value = TypeVar("Value")

# A step that is one sub-module: of a sequence only one with a name.
_Child = Apply | Repeat | Sequence


def modules(architecture: Architecture) -> list[Visit]:
    """Every operator of the network in the order in which they run, each at the path of its emitted module.

    That is `walk`, but for the head, which emitted networks divide into `head`, `pool` and a classifier, for names that
    a module shares with a combined tensor (the module keeps it), and for further uses of a module, which say so after
    its path. Raises DiagnosticError where `walk` does.
    """
    return ModuleTracer(architecture).network()


def state(architecture: Architecture) -> Tensors:
    """The keys of the network's `state_dict` with the dimensions of their tensors."""
    return {key: size for visit in modules(architecture) for key, size in tensors(visit).items()}


def tensors(visit: Visit) -> Tensors:
    """The part of an operator in the `state_dict`; of one with the weights of another, that one has it."""
    if visit.primitive is None or visit.is_again:
        return {}
    return {f"{visit.path}.{name}": size for name, size in visit.primitive.state(*visit.shapes).items()}


def divided_state(
    before: Architecture, after: Architecture, state: Mapping[str, Value]
) -> tuple[dict[str, Value], dict[str, Value]]:
    """A `state_dict` without the tensors of the modules that callers bring, which nobody here knows; and these, by the
    keys that they have in the same network after a pass, which leaves such modules as they are."""
    own, brought = dict(state), dict[str, Value]()
    if not externs(before):
        return own, brought
    paths = [[visit.path for visit in modules(each) if _is_brought(visit)] for each in (before, after)]
    for old, new in zip(*paths, strict=True):
        for key in [key for key in own if key.startswith(f"{old}.")]:
            brought[new + key.removeprefix(old)] = own.pop(key)
    return own, brought


def _is_brought(visit: Visit) -> bool:
    return isinstance(visit.primitive, Extern) and not visit.is_again


class ModuleTracer(Tracer):
    """Follows tensors through a network, and notes each operator at the path of its emitted module."""

    def __init__(self, architecture: Architecture):
        super().__init__(architecture)
        self._uses: dict[str, int] = {}

    def note(
        self,
        path: str,
        operator: str,
        inputs: tuple[Tensor, ...],
        output: Shape,
        primitive: Primitive | None = None,
        block: str | None = None,
        factors: tuple[float, ...] = (),
        *,
        leads: bool = False,
    ) -> Tensor:
        if primitive is None:
            return super().note(path, operator, inputs, output, primitive, block, factors, leads=leads)
        if self.is_again:  # the module has its path already
            count = self._uses[path] = self._uses.get(path, 1) + 1
            path = f"{path} (use {count})"
        visit = Visit(path, operator, inputs, output, self.levels, primitive, block, factors, is_again=self.is_again)
        self.visits.append(visit)
        return Tensor(path, output)

    def section(self, section: Section, source: Tensor) -> Tensor:
        if section.name == "stem" or section.reads_maps:
            return super().section(section, source)
        outer, self.levels = self.levels, (*self.levels, Level(section.name, section.name))
        steps, head = section.steps.steps, divided(self.architecture)
        for part, inside in (("head", steps[: min(head.maps, head.end)]), ("pool", steps[head.maps : head.end])):
            for child in children_of(inside):
                source = self._child(child, source, part if part in head.single else f"{part}.{child.name}")
        for classifier in children_of(steps[head.end :]):
            source = self._child(classifier, source, classifier_attribute(classifier.name or "", self.architecture))
        self.levels = outer
        return source

    def _child(self, child: _Child, source: Tensor, path: str) -> Tensor:
        return single(self._made(child, source, path), path)

    def _made(self, child: _Child, source: Flow, path: str) -> Flow:
        scope = Scope("head", source)
        match child:
            case Apply():
                return self._apply(child, source, path, scope)
            case Repeat():
                return self.repeat(child, source, path, scope)
            case Sequence(steps=steps):
                for step in steps:
                    source = self.step(step, source, path, scope)
                return source


def children_of(steps: tuple[Step, ...]) -> list[_Child]:
    """The sub-modules that steps become, in their order."""
    found: list[_Child] = []
    for step in steps:
        match step:
            case Guard(value=value) | Alternative(value=value):
                found += children_of((value,)) if value is not None else []
            case Sequence(name=None, steps=inner):
                found += children_of(inner)
            case Apply() | Repeat() | Sequence():
                found.append(step)
    return found
