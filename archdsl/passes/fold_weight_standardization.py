"""Convolutions with standardized weights as plain ones: what standardizes them at each forward is done once.

Scaled weight standardization (Brock et al. 2021, https://arxiv.org/abs/2101.08692) is a function of the weights alone,
and so is the gain of each filter: `archdsl/inference_state.py` computes them.
"""

from __future__ import annotations

from archdsl.ir.architecture import Architecture
from archdsl.ir.body import Apply, Step
from archdsl.ir.operators.convolution import Conv, WeightStandardizedConv
from archdsl.ir.rewrite import Rewriter, changed
from archdsl.ir.walk import walk
from archdsl.passes.contract import IS_CONSISTENT, KEEPS_ENDS, KEEPS_STAGES, STAYS_CONSISTENT, Pass, Postcondition


def fold_weight_standardization(architecture: Architecture) -> Architecture:
    """The same function of an image, for inference."""
    made = _Folder().architecture(architecture)
    return made if made is architecture else changed(made, requirements=())


class _Folder(Rewriter):
    def apply(self, apply: Apply) -> Step | None:
        operator = apply.operator
        if isinstance(operator, WeightStandardizedConv):
            kept = {name: getattr(operator, name) for name in Conv.model_fields if name != "kind"}
            formulas = {name: formula for name, formula in apply.formulas.items() if name in kept}
            return changed(apply, operator=Conv(**kept), formulas=formulas)
        return super().apply(apply)


def _work(given: Architecture, made: Architecture) -> str | None:
    before, after = given.costs.model().macs, made.costs.model().macs
    return None if before == after else f"{before:,} MACs became {after:,}"


def _left(given: Architecture, made: Architecture) -> str | None:
    left = [visit.path for visit in walk(made) if isinstance(visit.primitive, WeightStandardizedConv)]
    return f"`{left[0]}` is one" if left else None


PASS = Pass(
    "fold_weight_standardization",
    "convolutions with standardized weights become plain ones",
    fold_weight_standardization,
    before=(IS_CONSISTENT,),
    after=(
        STAYS_CONSISTENT,
        KEEPS_ENDS,
        KEEPS_STAGES,
        Postcondition("MACs are what they were", _work),
        Postcondition("no convolution standardizes its weights", _left),
    ),
)
