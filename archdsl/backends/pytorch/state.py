"""What the `state_dict` of an emitted network holds, derived from the architecture: nothing is built or emitted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from archdsl.backends.pytorch.families import has_classifier
from archdsl.backends.pytorch.network import classifier_attribute
from archdsl.backends.pytorch.sections import first_on_vectors, first_without_map
from archdsl.ir.architecture import Architecture, Section
from archdsl.ir.base import Shape
from archdsl.ir.body import Alternative, Apply, Combine, Guard, Number, Repeat, Sequence, Step, TensorExpression
from archdsl.ir.operators import Primitive
from archdsl.ir.operators.base import Tensors
from archdsl.ir.operators.linear import Flatten
from archdsl.ir.walk import Level, Scope, Tensor, Tracer, Visit

# A step that is one sub-module: of a sequence only one with a name.
_Child = Apply | Repeat | Sequence


def modules(architecture: Architecture) -> list[Visit]:
    """Every operator of the network in the order in which they run, each at the path of its emitted module.

    That is `walk`, but for the head, which emitted networks divide into `head`, `pool` and a classifier, and for names
    that a module shares with a combined tensor: the module keeps it. Raises Failure where `walk` does.
    """
    return _Modules(architecture).network()


def state(architecture: Architecture) -> Tensors:
    """The keys of the network's `state_dict` with the dimensions of their tensors."""
    return {key: size for visit in modules(architecture) for key, size in tensors(visit).items()}


def tensors(visit: Visit) -> Tensors:
    """The part of an operator in the `state_dict`."""
    if visit.primitive is None:
        return {}
    return {f"{visit.path}.{name}": size for name, size in visit.primitive.state(*visit.shapes).items()}


class _Part(NamedTuple):
    """A part of the head: its attribute and its sub-modules; None stands for the flattening that the emitter adds."""

    attribute: str
    children: list[_Child | None]


class _Modules(Tracer):
    def note(
        self,
        path: str,
        operator: str,
        inputs: tuple[Tensor, ...],
        output: Shape,
        primitive: Primitive | None = None,
        block: str | None = None,
        factors: tuple[float, ...] = (),
    ) -> Tensor:
        if primitive is None:
            return super().note(path, operator, inputs, output, primitive, block, factors)
        self.visits.append(Visit(path, operator, inputs, output, self.levels, primitive, block, factors))
        return Tensor(path, output)

    def _tensor(self, expression: TensorExpression, scope: Scope) -> Tensor | float:
        tensor = super()._tensor(expression, scope)
        match expression:
            # A visit holds tensors and numbers apart, and so would not tell `1 - x` from `x - 1`.
            case Combine(operator="subtract" | "divide", operands=[Number(), _]):
                last = self.visits[-1]
                self.visits[-1] = last._replace(operator=f"{last.operator} from a number")
        return tensor

    def section(self, section: Section, source: Tensor) -> Tensor:
        if section.name == "stem":
            return super().section(section, source)
        outer, self.levels = self.levels, (*self.levels, Level(section.name, section.name))
        for attribute, children in self._parts(section):
            for child in children:
                if child is not None:
                    path = attribute if len(children) == 1 else f"{attribute}.{child.name}"
                    source = self._child(child, source, path)
        self.levels = outer
        return source

    def _parts(self, section: Section) -> Iterator[_Part]:
        """The head as the emitter divides it: up to the pooling, behind it, and the layer that gives the classes."""
        steps = section.steps.steps
        columns = [[(0, step)] for step in steps]
        maps, vectors = first_without_map(columns), first_on_vectors(columns)
        last = len(steps) - has_classifier(self.architecture)
        yield _Part("head", _children(steps[: min(maps, last)]))
        pool: list[_Child | None] = []
        for position in range(maps, len(steps)):
            step = steps[position]
            if position == vectors and not (isinstance(step, Apply) and isinstance(step.operator, Flatten)):
                pool.append(None)
            if position < last:
                pool += _children([step])
        yield _Part("pool", pool)
        if last < len(steps):
            classifier = steps[-1]
            assert isinstance(classifier, Apply)
            yield _Part(classifier_attribute(classifier.name), [classifier])

    def _child(self, child: _Child, source: Tensor, path: str) -> Tensor:
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


def _children(steps: tuple[Step, ...] | list[Step]) -> list[_Child | None]:
    """The sub-modules that steps become, in their order."""
    found: list[_Child | None] = []
    for step in steps:
        match step:
            case Guard(value=None):
                pass
            case Guard(value=value) | Alternative(value=value):
                assert value is not None
                found += _children([value])
            case Sequence(name=None, steps=inner):
                found += _children(inner)
            case _:
                found.append(step)
    return found
