"""What a claim can ask of the cost model: `latency(h100)`, `step_time(v100, batch = 64)`, `memory(training)`.

Here is what such a quantity is of; the number comes from whoever proves the claim, as a `Predict`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from archdsl.diagnostics import Diagnostic, Span
from archdsl.elaborate.evaluate.describe import named
from archdsl.elaborate.evaluate.errors import BadBatch, NoPrediction
from archdsl.elaborate.evaluate.expressions import evaluate
from archdsl.elaborate.evaluate.values import Bytes, Scope, Seconds
from archdsl.elaborate.problems import ElaborationError
from archdsl.elaborate.resolve.quantities import settings_of
from archdsl.ir.functions import as_whole
from archdsl.language import tree

MAX_BATCH = 1_000_000


class Prediction(NamedTuple):
    """A quantity and what it is of. `words` are the settings that are words, as they were given."""

    quantity: str
    device: str | None
    batch: int
    words: tuple[tuple[str, str], ...]

    @property
    def is_training(self) -> bool:
        return self.quantity == "step_time" or dict(self.words).get("training") == "true"


class Predicted(NamedTuple):
    """A number of the cost model, and what it is of in words: `inference in float16 on NVIDIA V100 SXM2`."""

    value: Seconds | Bytes
    setting: str


# Answers what is asked at a place of a text. Raises DiagnosticError where there is no such prediction, and
# ElaborationError where it is one too many.
Predict = Callable[[Prediction, Span], Predicted]


def prediction(node: tree.Name | tree.Call, scope: Scope, *, needs_device: bool = True) -> Prediction:
    """What a quantity is of. Raises ElaborationError."""
    quantity, given = settings_of(node, needs_device=needs_device)
    words = {name: value for name, value in given.items() if isinstance(value, str)}
    device, batch = words.pop("device", None), 1
    if isinstance(images := given.get("batch"), tree.Node):
        value = as_whole(evaluate(images, scope))
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MAX_BATCH:
            raise ElaborationError(BadBatch(MAX_BATCH, named(value)).at(images.span))
        batch = value
    return Prediction(quantity, device, batch, tuple(sorted(words.items())))


def no_prediction(problem: Diagnostic, span: Span) -> Diagnostic:
    """Why there is no number, at the place where one was asked for."""
    return NoPrediction(problem.message).at(span, help=problem.help)
