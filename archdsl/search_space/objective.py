"""What a search is for: the goals of an `objective`, and what they come to for a network."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from archdsl.backends.latency import profile
from archdsl.diagnostics import DiagnosticError, Source
from archdsl.elaborate.check.objectives import objective_problems
from archdsl.elaborate.evaluate.expressions import evaluate
from archdsl.elaborate.evaluate.predictions import Prediction, no_prediction, prediction
from archdsl.elaborate.evaluate.scope import bare
from archdsl.elaborate.evaluate.values import Scope, Value
from archdsl.elaborate.problems import ElaborationError
from archdsl.elaborate.resolve.merge import merge
from archdsl.elaborate.resolve.objectives import COUNTS, Goal, goals, merits
from archdsl.elaborate.resolve.quantities import answered, as_written, asked
from archdsl.elaborate.resolve.written import shown
from archdsl.language import tree
from archdsl.language.parser import parse_expression
from archdsl.search_space.errors import GoalNotNumber, NoObjective, ObjectiveNeedsDevice
from archdsl.search_space.networks import Sample
from archdsl.search_space.space import Space

# Where an objective of the command line stands, for diagnostics.
OPTION = "--objective"


class Objective:
    """The objective of a space, or another one.

    Args:
        space: whose networks are to be judged.
        text: an objective to be used instead of the one in the space's text.
        device: a device or a profile, of times that name none.
        is_measured: whether such times are measured, and need no device.

    Raises:
        DiagnosticError: where there is none, or a mistake in it, or a time needs a device.
    """

    def __init__(self, space: Space, text: str | None = None, device: str | None = None, *, is_measured: bool = False):
        self.space, self.device = space, device
        if device is not None:
            profile(device)  # refused now, and not in the first trial
        definition = space.model.variant.definition
        if text is not None:
            node = parse_expression(Source(OPTION, text))
            if found := objective_problems(node, definition):
                raise DiagnosticError(found)
        else:
            bound = merge(definition).bindings.get("objective")
            if bound is None:
                raise NoObjective(space.name).error(definition.model.name.span)
            node = bound[0].value
        self.node = node
        self.goals: tuple[Goal, ...] = goals(node)
        if device is None and not is_measured:
            for quantity in self.times_without_device:
                raise ObjectiveNeedsDevice(as_written(quantity)).error(quantity.span)

    @property
    def text(self) -> str:
        return shown(self.node)

    @property
    def titles(self) -> tuple[str, ...]:
        """Each goal in words: `most accuracy`, `least params`."""
        return tuple(f"{'most' if goal.is_maximized else 'least'} {shown(goal.node)}" for goal in self.goals)

    @cached_property
    def quantities(self) -> tuple[tree.Name | tree.Call, ...]:
        """What the cost model is asked for, each once."""
        own = self.space.frames.at(0).elaborator.names
        found = {as_written(node): node for goal in self.goals for node in asked(goal.node, own)}
        return tuple(found.values())

    @property
    def times_without_device(self) -> tuple[tree.Name | tree.Call, ...]:
        """The times that are asked for without a device: they are of that of the command, or measured."""
        return tuple(one for one in self.quantities if _is_time(one) and not _names_device(one))

    @cached_property
    def merits(self) -> tuple[str, ...]:
        """What says how well a network learns, as far as the goals speak of it: `accuracy`, the names of scores."""
        return tuple(dict.fromkeys(name.text for goal in self.goals for name in merits(goal.node)))

    def predictions(self, sample: Sample) -> dict[str, Prediction]:
        """What is asked of the cost model about a network, by the text that asks. Raises DiagnosticError."""
        scope = self._scope(sample, {})
        try:
            found = {as_written(node): prediction(node, scope, needs_device=False) for node in self.quantities}
        except ElaborationError as problem:
            raise DiagnosticError([problem.diagnostic]) from None
        return {text: asks if asks.device else self._on_device(asks) for text, asks in found.items()}

    def predicted(self, sample: Sample) -> dict[str, Value]:
        """The answers of the cost model: seconds and bytes, by the text that asks. Raises DiagnosticError."""
        answers: dict[str, Value] = {}
        for node, (text, asks) in zip(self.quantities, self.predictions(sample).items(), strict=True):
            try:
                answers[text] = self.space.predicted(sample, asks).value
            except DiagnosticError as failure:
                raise DiagnosticError([no_prediction(failure.diagnostics[0], node.span)]) from None
        return answers

    def values(self, sample: Sample, numbers: Mapping[str, Value]) -> tuple[float, ...]:
        """What each goal comes to for a network; `numbers` are its predictions, accuracy and scores by their texts.

        Raises DiagnosticError where a goal has no number, such as for 1 / 0.
        """
        scope = self._scope(sample, numbers)
        own = self.space.frames.at(sample.numbers[0]).elaborator.names
        found = []
        for goal in self.goals:
            try:
                value = evaluate(answered(goal.node, own), scope)
            except ElaborationError as problem:
                raise DiagnosticError([problem.diagnostic]) from None
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise GoalNotNumber(shown(goal.node), str(value)).error(goal.node.span)
            found.append(float(value))
        return tuple(found)

    def _scope(self, sample: Sample, numbers: Mapping[str, Value]) -> Scope:
        cost = self.space.cost(sample)
        names = self.space.frames.at(sample.numbers[0]).elaborator.names
        counted = {name: getattr(cost, name) for name in COUNTS}
        environment = self.space.model.variant.definition.environment
        # Names of the model come before those of measures: a space may call a parameter as it likes.
        return bare(environment, {**counted, **numbers, **names}, {})

    def _on_device(self, asks: Prediction) -> Prediction:
        return asks._replace(device=self.device) if asks.quantity != "memory" else asks


def _is_time(node: tree.Name | tree.Call) -> bool:
    function = node.function if isinstance(node, tree.Call) else node
    return isinstance(function, tree.Name) and function.text != "memory"


def _names_device(node: tree.Name | tree.Call) -> bool:
    return isinstance(node, tree.Call) and any(
        argument.name is None or argument.name.text == "device" for argument in node.arguments
    )
