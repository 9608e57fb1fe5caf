"""From what a person names, a model of a library or a file, to a map and tensors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from archdsl.diagnostics import Diagnostic, Failure
from archdsl.diagnostics.codes import WRONG_USAGE
from archdsl.weights.file_map import map_file
from archdsl.weights.files import read_checkpoint
from archdsl.weights.key_map import KeyMap
from archdsl.weights.module_map import map_module
from archdsl.weights.peers import LIBRARIES, build_peer, is_peer

if TYPE_CHECKING:
    from torch import Tensor

    from archdsl.api import Network


@dataclass(frozen=True)
class Mapped:
    """A map, and the tensors under the keys of theirs. `are_fresh` says that nobody trained them."""

    key_map: KeyMap
    tensors: Mapping[str, Tensor]
    are_fresh: bool = False

    @property
    def ours(self) -> dict[str, Tensor]:
        """The tensors under the keys of ours. Raises Failure where they do not fit."""
        return self.key_map.to_ours(self.tensors)


def map_weights(
    network: Network, origin: str, *, weights: str | Path | None = None, pretrained: bool = False
) -> Mapped:
    """The map between `network.build()` and `origin`: `timm:NAME`, `torchvision:NAME`, `pytorchcv:NAME` or a file.

    Of a model, the numbers are those of the file `weights`, or trained ones that the library has (`pretrained`), or
    fresh. Raises Mismatch when the two do not correspond, Failure when one of them cannot be had.
    """
    if is_peer(origin):
        checkpoint = read_checkpoint(weights) if weights is not None else None
        module = build_peer(origin, network.architecture, pretrained=pretrained)
        tensors = checkpoint.tensors if checkpoint is not None else module.state_dict()
        return Mapped(map_module(network, module, origin), tensors, checkpoint is None and not pretrained)
    if not Path(origin).exists() and not Path(origin).suffix:
        known = ", ".join(f"{library}:NAME" for library in LIBRARIES)
        message = f"`{origin}` is neither a model nor a file"
        raise Failure([Diagnostic(WRONG_USAGE, message, None, help=f"write {known}, or the path of a checkpoint")])
    if weights is not None or pretrained:
        option = "--weights" if weights is not None else "--pretrained"
        message = f"{option} goes with a model of a library; {origin} is a file and has weights of its own"
        raise Failure([Diagnostic(WRONG_USAGE, message, None)])
    checkpoint = read_checkpoint(origin)
    return Mapped(map_file(network, checkpoint), checkpoint.tensors)
