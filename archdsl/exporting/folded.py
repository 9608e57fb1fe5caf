"""A module as its network infers: after the passes for inference, with the same weights."""

from __future__ import annotations

from typing import Any, NamedTuple

from torch import Tensor, nn

from archdsl.api import Network


class Folded(NamedTuple):
    """The network after the passes, its module in `eval()`, and the tensors of that by their keys."""

    network: Network
    module: nn.Module
    state: dict[str, Tensor]


def folded(network: Network, module: nn.Module, **options: Any) -> Folded:
    """What computes the same as `module`, which `network.build(**options)` has made."""
    inference, state = network.for_inference(), network.inference_state_dict(module.state_dict())
    made = inference.build(**options).eval()
    made.load_state_dict(state)
    return Folded(inference, made, state)
