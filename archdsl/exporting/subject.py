"""What is exported: a network with its weights, as it was trained and as it infers, and what is known of its images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from archdsl.api import Network
from archdsl.exporting.folded import folded
from archdsl.exporting.outputs import as_tuple
from archdsl.training.data.normalizations import normalization as values_of
from archdsl.training.run_facts import Used
from archdsl.training.run_folder import RunFolder
from archdsl.version import __version__
from archdsl.weights import MismatchError, map_weights


@dataclass(frozen=True)
class Subject:
    """`module` is the network as it was trained, in `eval()`; `folded` computes the same, and `state` are its tensors.

    `outputs` are the names of what it puts out. `origin` is where the weights are from, None for fresh ones; `classes`
    are the names of the classes and `preprocessing` how an image becomes what the network takes, where that is known.
    """

    network: Network
    module: nn.Module
    inference: Network
    folded: nn.Module
    state: Mapping[str, Tensor]
    outputs: tuple[str, ...]
    origin: str | None = None
    classes: tuple[str, ...] = ()
    preprocessing: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.network.name

    def facts(self) -> dict[str, Any]:
        """What goes into a file beside the network."""
        return {
            "archdsl": __version__,
            "network": self.name,
            "weights": self.origin or "fresh",
            "outputs": list(self.outputs),
            "classes": list(self.classes),
            "preprocessing": {"resolution": list(self.network.architecture.input.sizes[1:]), **self.preprocessing},
        }


def subject_of(network: Network, weights: str | Path | None = None, normalization: str | None = None) -> Subject:
    """A network with weights.

    Args:
        weights: a checkpoint with our keys or another library's, or the folder of a run; None for fresh ones.
        normalization: how the values of images are normalized, `imagenet`, `centered` or `unit`; by the run, if None.

    Raises:
        DiagnosticError: where the weights cannot be read.
        MismatchError: where they do not fit.
    """
    options: dict[str, Any] = {}
    classes: tuple[str, ...] = ()
    said: dict[str, Any] = {}
    if weights is not None and Path(weights).is_dir():
        folder = RunFolder(weights)
        facts = folder.facts(Used)
        classes = tuple(map(str, facts["classes"]))
        known = facts["preprocessing"]
        side = known["resolution"]
        said = {"resolution": [side, side], "crop": known["crop"], "interpolation": "bicubic"}
        normalization = normalization or known["normalization"]
        if len(classes) != network.architecture.classes:
            options = {"num_classes": len(classes)}
        module = _of_run(network, folder, options)
    else:
        module = network.build()
        if weights is not None:
            try:
                module.load_state_dict(map_weights(network, str(weights)).ours)
            except MismatchError as error:
                raise error.elsewhere() from None
    if normalization is not None:
        mean, deviation = values_of(normalization, network.architecture.input.channels)
        said |= {"normalization": normalization, "mean": list(mean), "std": list(deviation)}
    module = module.eval()
    inference = folded(network, module, **options)
    for parameter in (*module.parameters(), *inference.module.parameters()):
        parameter.requires_grad_(False)
    outputs = tuple(network.architecture.outputs) or ("output",)
    origin = None if weights is None else Path(weights).name
    return Subject(network, module, *inference, outputs, origin, classes, said)


def _of_run(network: Network, folder: RunFolder, options: dict[str, Any]) -> nn.Module:
    from archdsl.training.init import fill
    from archdsl.training.run_weights import run_weights

    module = network.build(**options)
    fill(module, run_weights(folder), str(folder.path))
    return module


class Plain(nn.Module):
    """A network whose outputs are a tuple of tensors, and whose images and outputs are float32 whatever it computes in.

    Formats have no records: the names of outputs are kept beside them.
    """

    def __init__(self, network: nn.Module, dtype: torch.dtype):
        super().__init__()
        self.network, self.dtype = network.to(dtype), dtype

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        return self.computed(images)

    def computed(self, *images: Tensor) -> tuple[Tensor, ...]:
        found = self.network(*(one.to(self.dtype) for one in images))
        return tuple(one.float() for one in as_tuple(found))


class PlainOfSeveral(Plain):
    """The same of several inputs."""

    def forward(self, *images: Tensor) -> tuple[Tensor, ...]:
        return self.computed(*images)


def plain(network: Network, module: nn.Module, dtype: torch.dtype) -> Plain:
    """A module of a network, as an export computes it."""
    return (PlainOfSeveral if network.architecture.inputs else Plain)(module, dtype)
