"""Learnable factors and shifts of channels folded into the layers before them, as batch norms are.

`gain` (SkipInit), `channel_gain` (LayerScale) and `channel_bias` are all `scale * x + shift` by channel.
"""

from __future__ import annotations

from archdsl.ir.architecture import Architecture
from archdsl.ir.operators.arrangement import ChannelBias, ChannelGain, Gain
from archdsl.passes.contract import IS_CONSISTENT, KEEPS_ENDS, KEEPS_STAGES, STAYS_CONSISTENT, Pass, Postcondition
from archdsl.passes.fold_batch_norm import marked, without_marks

KINDS = (Gain, ChannelGain, ChannelBias)


def fold_gains(architecture: Architecture) -> Architecture:
    """The same function of an image; factors that follow nothing foldable stay."""
    return without_marks(marked(architecture, KINDS))


def _work(given: Architecture, made: Architecture) -> str | None:
    before, after = given.costs.model().macs, made.costs.model().macs
    return None if before == after else f"{before:,} MACs became {after:,}"


def _left(given: Architecture, made: Architecture) -> str | None:
    return None if marked(made, KINDS) is made else "there is a factor left that can be folded"


PASS = Pass(
    "fold_gains",
    "learnable factors and shifts of channels become part of the layers that they follow",
    fold_gains,
    before=(IS_CONSISTENT,),
    after=(
        STAYS_CONSISTENT,
        KEEPS_ENDS,
        KEEPS_STAGES,
        Postcondition("MACs are what they were", _work),
        Postcondition("no factor is left that can be folded", _left),
    ),
)
