"""The parameters and bindings of a model to values, in whatever order they need each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from archdsl.diagnostics import Problems, Span
from archdsl.elaborate.evaluate.describe import named
from archdsl.elaborate.evaluate.explain import reasons, trace
from archdsl.elaborate.evaluate.expressions import evaluate, evaluate_binding
from archdsl.elaborate.evaluate.scope import NO_NAMES, bare
from archdsl.elaborate.evaluate.settings import checked, default
from archdsl.elaborate.evaluate.tensors import within_bounds
from archdsl.elaborate.evaluate.values import (
    UNDECIDED,
    Decisions,
    Origin,
    Scope,
    Value,
)
from archdsl.elaborate.instantiate.apply import Applier, shared
from archdsl.elaborate.instantiate.errors import (
    BadClasses,
    ParameterWithoutValue,
)
from archdsl.elaborate.instantiate.replacing import at_block
from archdsl.elaborate.instantiate.work import Work
from archdsl.elaborate.problems import ElaborationError, at_home, bounded_depth
from archdsl.elaborate.resolve.definitions import Environment
from archdsl.elaborate.resolve.errors import RefersToItself
from archdsl.elaborate.resolve.graph import graph
from archdsl.elaborate.resolve.merge import Variant, merge, no_parameter, take_row
from archdsl.elaborate.resolve.parts import inlined, part_of
from archdsl.elaborate.resolve.submodules import Names, name_expression
from archdsl.elaborate.resolve.words import ASIDE, SETTINGS
from archdsl.ir.base import Line, Shape, Size
from archdsl.ir.functions import as_whole
from archdsl.language import tree


class ModelBindings:
    """The names of a model with one set of parameter values, and what they are.

    A mistake in one binding does not hide those in others: each is added to `problems`, and what depends on it is left
    out.
    """

    def __init__(
        self,
        variant: Variant,
        problems: Problems,
        effort: Work,
        resolution: int | tuple[int, int] | None = None,
        overrides: dict[str, Value] | None = None,
        decisions: Decisions = UNDECIDED,
        image: Shape | None = None,
    ):
        self.variant, self.problems, self.effort, self.given_image = variant, problems, effort, image
        self.resolution, self.overrides, self.decisions = resolution, overrides or {}, decisions
        self.names: dict[str, Value] = {}
        self.origins: dict[str, Origin] = {}
        self.settings: dict[str, Value] = {name: default(name, variant.definition.model.name.span) for name in SETTINGS}
        self.opened: list[str] = []
        self.failures: dict[str, ElaborationError] = {}

    def bind(self) -> None:
        """Gives everything a value that has a name. Raises ElaborationError for mistakes that leave nothing to go on
        with."""
        self.merged = merge(self.variant.definition)
        self.effort.spend(self.merged.size, self.variant.definition.model.name.span)
        take_row(self.merged, self.variant)
        self.part = part_of(self.merged)
        self.read_maps: Mapping[str, str] = {}
        if self.part is not None:
            made = inlined(self.merged, self.part)
            self.merged, self.read_maps, self._kept = made.merged, made.maps, made.kept
            taken = {new: self.decisions[old] for new, old in made.choices.items() if old in self.decisions}
            self.decisions = {**self.decisions, **taken} if taken else self.decisions
        self._parameters()
        self._bindings()

    def report(self, problem: ElaborationError) -> None:
        own = self.variant.definition.model.span.source
        self.problems.add(at_home(at_block(problem.diagnostic, own)))

    # Parameters and bindings -----------------------------------------------------------------------------------------

    def _parameters(self) -> None:
        merged = self.merged
        model = self.variant.definition.model
        for name in self.overrides:
            if name not in merged.parameters:
                raise ElaborationError(
                    no_parameter(model.name.text, tree.Identifier(model.name.span, name), merged.parameters)
                )
        self.names.update(self.overrides)
        self.declared = frozenset(merged.parameters)
        for name in merged.parameters:
            self._parameter(name)
        self.parameters = {name: self.names[name] for name in merged.parameters}
        self.graph = graph(merged, self.read_maps)
        late = self.graph.bindings if self.graph is not None else ()
        self.waiting = frozenset(merged.bindings) - frozenset(self.names) - {"drop_path", *ASIDE, *late}

    def _parameter(self, name: str) -> Value:
        """The value of a parameter: given from outside, by a row or reference, or by default.

        They are evaluated in whatever order they need each other: `extends base(width = beta ** phi)` gives a parameter
        that was declared long before those it speaks of.
        """
        if name in self.names:
            return self.names[name]
        parameter, environment = self.merged.parameters[name]
        node, speaks_of_parameters = parameter.default, True
        if name in self.merged.given:
            node, environment, speaks_of_parameters = self.merged.given[name]
        if node is None:
            model = self.variant.definition.model.name.text
            is_family = self.variant.row is None and self.variant.definition.variants
            problem = ParameterWithoutValue(name, model)
            raise ElaborationError(problem.at(parameter.span, help="choose a variant" if is_family else None))
        scope = bare(environment, {}, {}, decisions=self.decisions, effort=self.effort)
        if speaks_of_parameters:
            scope = bare(
                environment, self.names, self.origins, self._parameter, self.declared, self.decisions, self.effort
            )
        with self._opened(name, node.span):
            value = evaluate(node, scope)
        self.names[name], self.origins[name] = value, Origin(node, scope)
        return value

    def _bindings(self) -> None:
        if self.given_image is not None:  # a part sees the images of the network
            self.names["input"] = self.given_image
        for name in SETTINGS:
            self._bind_setting(name)
        self.applier = Applier(self.settings, self.effort, self.decisions)
        for name in self.merged.bindings:
            if name not in self.waiting:
                continue
            try:
                self._value(name)
            except ElaborationError as problem:
                self.report(problem)

    def _bind_setting(self, name: str) -> None:
        if name in self.parameters:
            value, span = self.parameters[name], self.written(name)
        elif name in self.merged.bindings:
            try:
                value, span = self._value(name), self.written(name)
            except ElaborationError as problem:
                return self.report(problem)
        else:
            return None
        try:
            self.settings[name] = checked(name, value, span)
        except ElaborationError as problem:
            self.failures[name] = problem
            self.report(problem)

    def scope(self, environment: Environment, steps: Names = NO_NAMES) -> Scope:
        applier: Any = getattr(self, "applier", None)
        names, origins, waiting, decisions = self.names, self.origins, self.waiting, self.decisions
        return Scope(
            environment,
            names,
            self.settings,
            applier,
            steps,
            origins,
            self._value,
            waiting,
            decisions,
            None,
            self.effort,
        )

    def _value(self, name: str) -> Value:
        """The value of a binding. Raises the same ElaborationError each time when it has none."""
        if name in self.names:
            return self.names[name]
        if name in self.failures:
            raise self.failures[name]
        binding, environment = self.merged.bindings[name]
        scope = self.scope(environment, name_expression(binding.value))
        try:
            with self._opened(name, binding.name.span), bounded_depth(binding.value.span):
                value = shared(binding, evaluate_binding(binding, scope))
            if name == "classes":  # what reads a wrong one makes no mistake of its own
                value = classes_of(value, Origin(binding.value, scope), binding.value.span)
            if name == "input" or binding.is_input:
                value = image_of(value, binding.value.span)
        except ElaborationError as problem:
            self.failures[name] = problem
            raise
        self.origins[name] = Origin(binding.value, scope)
        if name != "drop_path":  # as a name, it is the layer whose rate the schedule sets
            self.names[name] = value
        return value

    @contextmanager
    def _opened(self, name: str, span: Span) -> Iterator[None]:
        """While the value of a name is computed, nothing may ask for it. Raises ElaborationError where something
        does."""
        if name in self.opened:
            way = " -> ".join([*self.opened[self.opened.index(name) :], name])
            raise ElaborationError(RefersToItself(name).at(span, way if way.count("->") > 1 else ""))
        self.opened.append(name)
        try:
            yield
        finally:
            self.opened.pop()

    def written(self, name: str) -> Span:
        """Where the value of a parameter or binding stands."""
        if name in self.origins:
            return trace(self.origins[name]).node.span
        return self.merged.parameters[name][0].span


def image_of(value: Value, written: Span) -> Value:
    """The shape of the images, where it is one; two sizes are those of a series, its channels and its length."""
    return within_bounds(Line.of(value), written) if isinstance(value, Size) and min(value) > 0 else value


def classes_of(value: Value, origin: Origin | None, written: Span) -> int | None:
    """How many classes a network has, `1e3` among them. Raises ElaborationError for anything else.

    `origin` is what the text says, None where the value was given from outside.
    """
    count = as_whole(value)
    if count is None or (isinstance(count, int) and not isinstance(count, bool) and count >= 1):
        return count
    place = trace(origin).node.span if origin is not None else written
    notes = reasons(origin, value) if origin is not None else ()
    raise ElaborationError(BadClasses(named(value)).at(place, notes=notes))
