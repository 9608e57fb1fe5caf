"""The `require` lines of a model, proved or refuted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from archdsl.diagnostics import Diagnostic
from archdsl.diagnostics.codes import REQUIRE_FAILED
from archdsl.elaborate.claims import refute
from archdsl.elaborate.explain import shown
from archdsl.elaborate.problems import Stop
from archdsl.elaborate.program import SETTINGS, Environment
from archdsl.elaborate.scope import NO_NAMES, Scope
from archdsl.elaborate.values import Value
from archdsl.ir.architecture import Architecture
from archdsl.language import tree

# What a claim can speak of besides the names of its model.
MEASURES = ("params", "macs", "flops", "activations", "out", "reduction")


def prove(
    claims: tuple[tree.Require, ...], architecture: Architecture, names: Mapping[str, Value], environment: Environment
) -> list[Diagnostic]:
    """A diagnostic for every claim that does not hold, with the values of both sides."""
    if not claims:
        return []
    cost = architecture.costs.model()
    measures: dict[str, Value] = {
        "params": cost.params,
        "macs": cost.macs,
        "flops": cost.flops,
        "activations": cost.activations,
        "out": architecture.output,
        "reduction": _reduction(architecture),
    }
    applier: Any = None
    settings = {**dict.fromkeys(SETTINGS), "padding": architecture.settings["padding"]}
    scope = Scope(environment, {**names, **measures}, settings, applier, NO_NAMES)
    found = []
    for claim in claims:
        try:
            refuted = refute(claim.claim, scope)
        except Stop as problem:
            found.append(problem.diagnostic)
            continue
        if refuted is not None:
            message = f"`{architecture.name}` does not meet `{shown(claim.claim)}`"
            found.append(Diagnostic(REQUIRE_FAILED, message, claim.claim.span, refuted.label, refuted.notes))
    return found


def _reduction(architecture: Architecture) -> int:
    """How many times smaller than the image the last map before the head is."""
    last = architecture.stages[-1].output if architecture.stages else architecture.output
    return -(-architecture.input.height // last.height)
