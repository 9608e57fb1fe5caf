"""Layers that do nothing at inference removed: dropout, stochastic depth, and activations that are the identity."""

from __future__ import annotations

from archdsl.ir.architecture import Architecture
from archdsl.ir.body import Apply, Step
from archdsl.ir.description import Stage
from archdsl.ir.operators.activation import Activation
from archdsl.ir.operators.regularization import Dropout, DropPath
from archdsl.ir.rewrite import Rewriter, changed
from archdsl.ir.walk import walk
from archdsl.passes.contract import IS_CONSISTENT, KEEPS_ENDS, KEEPS_STAGES, STAYS_CONSISTENT, Pass, Postcondition


def remove_training_layers(architecture: Architecture) -> Architecture:
    """The same function of an image, for inference; a layer that is a whole row of the table stays."""
    return _Remover().architecture(architecture)


class _Remover(Rewriter):
    def architecture(self, architecture: Architecture) -> Architecture:
        made = super().architecture(architecture)
        if made is architecture:
            return made
        return changed(made, drop_path=changed(architecture.drop_path, rate=0.0), requirements=())

    def stage(self, stage: Stage) -> Stage:
        layers = tuple(
            changed(layer, apply=layer.apply if _is_idle(layer.apply) else self._kept(layer.apply), drop_path=0.0)
            for layer in stage.layers
        )
        return changed(stage, layers=layers)

    def apply(self, apply: Apply) -> Step | None:
        return None if _is_idle(apply) else super().apply(apply)


def _is_idle(apply: Apply) -> bool:
    operator = apply.operator
    if isinstance(operator, Activation):
        return operator.kind == "identity" and operator.gain == 1
    return isinstance(operator, Dropout | DropPath)


def _left(given: Architecture, made: Architecture) -> str | None:
    of_rows = {f"{made.path(stage)}.{index}" for stage in made.stages for index, _ in enumerate(stage.layers)}
    left = [visit.path for visit in walk(made) if isinstance(visit.primitive, Dropout | DropPath)]
    found = next((path for path in left if path not in of_rows), None)
    return f"`{found}` is left" if found is not None else None


PASS = Pass(
    "remove_training_layers",
    "dropout, drop path and identities are removed",
    remove_training_layers,
    before=(IS_CONSISTENT,),
    after=(STAYS_CONSISTENT, KEEPS_ENDS, KEEPS_STAGES, Postcondition("no dropout and no drop path is left", _left)),
)
