"""Weights of other libraries in networks of ours, and ours in theirs.

    from archdsl.weights import map_weights
    network = archdsl.load("specs/NAME.arch")
    key_map = map_weights(network, "timm:NAME").key_map
    network.build().load_state_dict(key_map.to_ours(state_dict))

A map is found by what modules do with their weights, and proven by equal outputs.
"""

from __future__ import annotations

from archdsl.weights.files import as_file, as_safetensors, read_checkpoint
from archdsl.weights.key_map import KeyMap, Pair
from archdsl.weights.mapping import Mapped, map_weights
from archdsl.weights.mismatch import Mismatch, MismatchError, Row
from archdsl.weights.scope import scoped

__all__ = [
    "KeyMap",
    "Mapped",
    "Mismatch",
    "MismatchError",
    "Pair",
    "Row",
    "as_file",
    "as_safetensors",
    "map_weights",
    "read_checkpoint",
    "scoped",
]
