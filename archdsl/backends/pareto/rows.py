"""A network in a comparison."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from archdsl.ir.architecture import Architecture
from archdsl.ir.base import Shape


@dataclass(frozen=True)
class NetworkRow:
    """A network by name, its input, and its value of each measure that it has, by the measure's key.

    Times are in seconds, memory in bytes.
    """

    name: str
    input: Shape
    values: Mapping[str, float]


def counted(architecture: Architecture, batch: int) -> dict[str, float]:
    """What is known of a network from its text: its costs for a batch, its resolution and its parameters in numbers."""
    cost = architecture.costs.model().for_batch(batch)
    own = {
        name: float(value)
        for name, value in architecture.parameters.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
    return {
        **own,
        "params": cost.params,
        "macs": cost.macs,
        "flops": cost.flops,
        "activations": cost.activations,
        "resolution": architecture.input.side,
    }
