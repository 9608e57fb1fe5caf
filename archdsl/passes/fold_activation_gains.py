"""Literal factors of activations folded into the layers behind them, which are linear in what they read.

NFNets multiply each activation by a constant that keeps the variance at 1. Where a convolution or a linear layer comes
next, with nothing between them but means, its weights times the factor are the same function. Factors stay where the
activation's output is read by more than the next layer, where layers are shared or repeated, in the head, of which
`forward_features` and `pre_logits` hand out what is between its layers, and in the stem before a stride, where the map
is one of `features_only`.
"""

from __future__ import annotations

from archdsl.ir.architecture import Architecture
from archdsl.ir.body import Alternative, Apply, Guard, Sequence, Shared, Step
from archdsl.ir.description import Section
from archdsl.ir.operators import Primitive
from archdsl.ir.operators.activation import Activation
from archdsl.ir.operators.convolution import Conv, Depthwise
from archdsl.ir.operators.linear import Linear
from archdsl.ir.operators.pooling import AdaptiveAvgPool, AvgPool, GlobalPool
from archdsl.ir.rewrite import Rewriter, changed
from archdsl.passes.contract import IS_CONSISTENT, KEEPS_ENDS, KEEPS_STAGES, STAYS_CONSISTENT, Pass, Postcondition


def fold_activation_gains(architecture: Architecture) -> Architecture:
    """The same function of an image, with plain activations where a layer behind them takes their factor."""
    made = _Folder().architecture(architecture)
    return made if made is architecture else changed(made, requirements=())


def takes_factor(operator: Primitive | None) -> bool:
    """Whether the weights of a layer can have a factor of what it reads."""
    return isinstance(operator, Conv | Depthwise | Linear)


class _Folder(Rewriter):
    _in_stem = False

    def section(self, section: Section) -> Section | None:
        if section.name != "stem":
            return section
        self._in_stem = True
        made = super().section(section)
        self._in_stem = False
        return made

    def steps(self, steps: tuple[Step, ...]) -> tuple[Step, ...]:
        return self._backwards(steps, takes=False)[0]

    def step(self, step: Step) -> Step | None:
        return step if isinstance(step, Shared) else super().step(step)

    def _backwards(self, steps: tuple[Step, ...], takes: bool) -> tuple[tuple[Step, ...], bool]:
        """Steps in sequence, the last first: `takes` says whether what comes next takes a factor."""
        made: list[Step] = []
        for step in reversed(steps):
            each, takes = self._before(step, takes)
            made.append(each)
        return tuple(reversed(made)), takes

    def _before(self, step: Step, takes: bool) -> tuple[Step, bool]:
        match step:
            case Apply(operator=Activation(gain=gain) as operator) if takes and gain != 1:
                formulas = {name: formula for name, formula in step.formulas.items() if name != "gain"}
                return changed(step, operator=changed(operator, gain=1.0), formulas=formulas), False
            case Apply(operator=operator):
                takes = takes_factor(operator) or (takes and _is_mean(operator))
                return self._kept(step), takes and not (self._in_stem and step.input[1:] != step.output[1:])
            case Sequence(steps=steps):
                inner, takes = self._backwards(steps, takes)
                return changed(step, steps=inner), takes
            case Guard(value=value) | Alternative(value=value):
                if value is None:
                    return step, takes
                one, takes = self._before(value, takes)
                return changed(step, value=one), takes
        made = self.step(step)
        assert made is not None  # nothing is removed
        return made, False


def _is_mean(operator: Primitive | None) -> bool:
    if isinstance(operator, GlobalPool):
        return operator.kind == "global_avg_pool"
    return isinstance(operator, AvgPool | AdaptiveAvgPool)


def _work(given: Architecture, made: Architecture) -> str | None:
    before, after = given.costs.model(), made.costs.model()
    if (before.macs, before.params) != (after.macs, after.params):
        return f"{before.macs:,} MACs and {before.params:,} parameters became {after.macs:,} and {after.params:,}"
    return None


def _left(given: Architecture, made: Architecture) -> str | None:
    return None if _Folder().architecture(made) is made else "there is a factor left that can be folded"


PASS = Pass(
    "fold_activation_gains",
    "literal factors of activations become part of the layers behind them",
    fold_activation_gains,
    before=(IS_CONSISTENT,),
    after=(
        STAYS_CONSISTENT,
        KEEPS_ENDS,
        KEEPS_STAGES,
        Postcondition("MACs and parameters are what they were", _work),
        Postcondition("no factor is left that can be folded", _left),
    ),
)
