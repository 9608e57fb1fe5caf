"""The `require` lines of a model, proved or refuted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from archdsl.diagnostics import Diagnostic, DiagnosticError, Note
from archdsl.elaborate.evaluate.errors import SeveralOutputs
from archdsl.elaborate.evaluate.predictions import Predict, no_prediction, prediction
from archdsl.elaborate.evaluate.refutation import refute
from archdsl.elaborate.evaluate.scope import NO_NAMES
from archdsl.elaborate.evaluate.values import Outputs, Scope, Value
from archdsl.elaborate.instantiate.errors import RequireFailed
from archdsl.elaborate.problems import ElaborationError
from archdsl.elaborate.resolve.definitions import Environment
from archdsl.elaborate.resolve.quantities import answered, as_written, asked
from archdsl.elaborate.resolve.words import SETTINGS
from archdsl.elaborate.resolve.written import shown
from archdsl.ir.architecture import Architecture
from archdsl.ir.base import Shape
from archdsl.ir.cost import Cost
from archdsl.language import tree
from archdsl.language.nodes import names_in


class Subject(Struct, frozen=True):
    """A network as far as claims speak of it. `map` is the last one before the head."""

    name: str
    cost: Cost
    input: Shape
    map: Shape
    output: Shape
    outputs: Mapping[str, Shape]
    padding: Value
    predict: Predict


def subject(architecture: Architecture, predict: Predict) -> Subject:
    """A network in full."""
    last = architecture.stages[-1].output if architecture.stages else architecture.output
    padding, cost = architecture.settings["padding"], architecture.costs.model()
    ends = architecture.output, architecture.outputs
    return Subject(architecture.name, cost, architecture.input, last, *ends, padding, predict)


def prove(
    claims: Sequence[tree.Require], subject: Subject, names: Mapping[str, Value], environment: Environment
) -> list[Diagnostic]:
    """A diagnostic for every claim that does not hold, with the values of both sides."""
    if not claims:
        return []
    cost = subject.cost
    measures: dict[str, Value] = {
        "params": cost.params,
        "macs": cost.macs,
        "flops": cost.flops,
        "activations": cost.activations,
        "out": subject.output,
        "outputs": Outputs(subject.outputs),
        "reduction": -(-subject.input.side // subject.map.side),
    }
    applier: Any = None
    settings = {**dict.fromkeys(SETTINGS), "padding": subject.padding}
    scope = Scope(environment, {**names, **measures}, settings, applier, NO_NAMES)
    found = []
    for claim in claims:
        try:
            if subject.outputs:
                _check_out(claim.claim, subject.outputs)
            known = _predicted(claim.claim, scope, names, subject)
            predicted = scope.among(environment, {text: value for text, (value, _) in known.items()})
            refuted = refute(answered(claim.claim, names) if known else claim.claim, predicted)
        except ElaborationError as problem:
            found.append(problem.diagnostic)
            continue
        if refuted is not None:
            how = (Note(f"`{text}` is a prediction: {setting}") for text, (_, setting) in known.items())
            unmet = RequireFailed(subject.name, shown(claim.claim))
            found.append(unmet.at(claim.claim.span, refuted.label, notes=(*refuted.notes, *how)))
    return found


def _check_out(claim: tree.Expression, outputs: Mapping[str, Shape]) -> None:
    """Refuses a claim about the output of a network that has several."""
    for name in names_in(claim):
        if name.text == "out":
            known = " or ".join(f"`outputs.{output}`" for output in outputs)
            raise ElaborationError(SeveralOutputs(known).at(name.span))


def is_predicted(claim: tree.Require, names: Mapping[str, Value]) -> bool:
    """Whether a claim speaks of what the cost model predicts."""
    return next(asked(claim.claim, names), None) is not None


def _predicted(
    claim: tree.Expression, scope: Scope, names: Mapping[str, Value], subject: Subject
) -> dict[str, tuple[Value, str]]:
    """The quantities in a claim with their numbers, and what those are of. Raises ElaborationError."""
    found: dict[str, tuple[Value, str]] = {}
    for node in asked(claim, names):
        asks = prediction(node, scope)
        try:
            found[as_written(node)] = subject.predict(asks, node.span)
        except DiagnosticError as failure:
            raise ElaborationError(no_prediction(failure.diagnostics[0], node.span)) from None
    return found
