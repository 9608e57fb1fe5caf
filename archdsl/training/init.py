"""The weights that a training begins with: those of a library, of a file, or of another run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from torch import Tensor, nn

from archdsl.api import Network
from archdsl.backends.pytorch.class_layers import classifiers
from archdsl.diagnostics import DiagnosticError
from archdsl.training.model_errors import WeightsMissing
from archdsl.training.parameters import is_below
from archdsl.training.run_folder import RunFolder
from archdsl.training.run_weights import run_weights
from archdsl.weights import MismatchError, map_weights
from archdsl.weights.errors import NeitherModelNorFile
from archdsl.weights.mapped import CLASSIFIER, MappedWeights
from archdsl.weights.mismatches import sizes
from archdsl.weights.peers import LIBRARIES, is_peer

_COUNTER = "num_batches_tracked"


@dataclass(frozen=True)
class Initialized:
    """What a training begins with: how many tensors came from where, and which of ours stay as a seed made them.

    `unused` are theirs that have no place, `adapted` says how a first convolution was made to fit other images.
    """

    origin: str
    loaded: int
    fresh: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    adapted: Mapping[str, str] = field(default_factory=dict)

    def lines(self) -> list[str]:
        """For the person who trains."""
        lines = [f"{self.loaded} tensors from {self.origin}"]
        if self.fresh:
            lines.append(f"not loaded, and fresh: {_listed(self.fresh)}")
        if self.unused:
            lines.append(f"not used of {self.origin}: {_listed(self.unused)}")
        return lines + [f"`{key}` is adapted from {how}, as timm does it" for key, how in self.adapted.items()]


def initialize_from(model: nn.Module, network: Network, text: str) -> Initialized:
    """Fills a network with weights; the classifier stays fresh where it is for another number of classes.

    Args:
        model: `network` built, perhaps for other classes than those of its text.
        text: `timm:NAME` or another library's model, whose trained weights it may download; a checkpoint file; or the
            folder of a run.

    Raises:
        MismatchError: when weights do not fit, other than the classifier.
        DiagnosticError: when they cannot be had.
    """
    fresh = classifiers(network.architecture)
    if not is_peer(text) and Path(text).is_dir():
        return _of_run(model, network, text, may_differ=fresh)
    if not is_peer(text) and not Path(text).exists() and not Path(text).suffix:
        problem = NeitherModelNorFile(text, list(LIBRARIES))
        raise problem.error(help=f"write {problem.models}, the path of a checkpoint, or the folder of a run")
    mapped, part = _mapped(network, text)
    tensors = dict(mapped.ours)
    if mapped.key_map.is_by_name and not part:  # a classifier of ours, perhaps for the classes of this training
        tensors |= {key: value for key, value in mapped.tensors.items() if is_below(fresh, key)}
    done = fill(model, tensors, text, may_differ=fresh, part=part)
    unused = tuple(one.theirs for one in mapped.left if one.theirs and one.theirs not in tensors)
    return Initialized(text, done.loaded, done.fresh, unused, mapped.adapted)


def _of_run(model: nn.Module, network: Network, folder: str, may_differ: Sequence[str]) -> Initialized:
    """Weights of a run of the same network, or of a network that is the part of this one, whose keys lack its name."""
    tensors, part = run_weights(RunFolder(folder)), network.architecture.part
    try:
        return fill(model, tensors, folder, may_differ=may_differ)
    except DiagnosticError as whole:
        if part is None:
            raise
        inside = {f"{part.name}.{key}": tensor for key, tensor in tensors.items()}
        own = {key: tensor for key, tensor in inside.items() if key in model.state_dict()}
        try:
            done = fill(model, own, folder, part=part.name)
        except DiagnosticError:
            raise whole from None
        unused = tuple(key for key in tensors if f"{part.name}.{key}" not in own)
        return replace(done, unused=unused)


def _mapped(network: Network, text: str) -> tuple[MappedWeights, str]:
    """Weights under our keys: all of them or, where they do not fit, all but the classifier, or those of the network's
    part alone, whose name then comes along."""
    try:
        return map_weights(network, text, pretrained=is_peer(text)), ""
    except MismatchError as whole:
        part = network.architecture.part
        try:
            return map_weights(network, text, pretrained=is_peer(text), skips=[f"ours:{CLASSIFIER}"]), ""
        except DiagnosticError:
            if part is None:
                raise whole from None
        try:
            return map_weights(network, text, pretrained=is_peer(text), parts=[f"ours:{part.name}"]), part.name
        except DiagnosticError:
            raise whole from None


@torch.no_grad()
def fill(
    model: nn.Module,
    tensors: Mapping[str, Tensor],
    origin: str,
    *,
    may_differ: Sequence[str] = (),
    part: str = "",
) -> Initialized:
    """Copies tensors to a network under its own keys.

    Args:
        origin: where they are from, for messages.
        may_differ: the paths of the layers that may be for other classes; all others have to fit.
        part: the module beside which nothing has to fit; empty where that is the whole network.

    Raises:
        DiagnosticError: where one is missing or does not fit.
    """
    own = model.state_dict()
    fitting = [key for key, value in own.items() if key in tensors and tensors[key].shape == value.shape]
    fresh = [key for key in own if key not in set(fitting)]
    # The counters of norms are not in old files.
    needed = [key for key in fresh if not part or key.startswith(f"{part}.")]
    wrong = [key for key in needed if not is_below(may_differ, key) and not key.endswith(_COUNTER)]
    if wrong:
        there = tensors.get(wrong[0])
        found = sizes(tuple(there.shape)) if there is not None else "missing"
        problem = WeightsMissing(
            origin, type(model).__name__, len(wrong), len(own), wrong[0], sizes(tuple(own[wrong[0]].shape)), found
        )
        raise DiagnosticError([problem.at(None)])
    for key in fitting:
        own[key].copy_(tensors[key])
    unused = tuple(key for key in tensors if key not in own)
    return Initialized(origin, len(fitting), tuple(fresh), unused)


def _listed(keys: tuple[str, ...], most: int = 6) -> str:
    more = f" and {len(keys) - most} more" if len(keys) > most else ""
    return ", ".join(f"`{key}`" for key in keys[:most]) + more
