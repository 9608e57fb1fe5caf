"""Scores of untrained networks, on one batch of the user's images."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

import torch
from torch import Tensor, nn

from archdsl.api import Network
from archdsl.ir.architecture import Architecture
from archdsl.ir.errors import refuse_several_inputs
from archdsl.search.evaluation.proxies import SCORES
from archdsl.training.data.opening import open_data
from archdsl.training.data.transforms import evaluation_transform
from archdsl.training.errors import SeriesNotTrained
from archdsl.training.random import key

_BATCH = 64


class Scoring:
    """Gives scores by name.

    Args:
        data: images as `archdsl train` takes them; None where no score needs any.
        seed: of the images and the weights.
    """

    def __init__(self, data: str | None, seed: int):
        self.data, self.seed = data, seed

    def scores(self, architecture: Architecture, names: Iterable[str]) -> dict[str, float]:
        """The scores of a network with fresh weights, those of the seed. Raises DiagnosticError for the images."""
        found = {}
        for name in names:
            compute, needs_images = SCORES[name]
            refuse_several_inputs(
                architecture, f"`{name}`", "search by costs: `archdsl search --help` lists objectives"
            )
            size = architecture.input
            if needs_images and size.is_line:
                raise SeriesNotTrained(architecture.name, str(size)).error()
            images, labels = torch.zeros(1, *size.sizes), torch.zeros(1)
            if needs_images:
                images, labels = self._batch(size.channels, size.height)
            found[name] = compute(self._model(architecture), images, labels)
        return found

    def _model(self, architecture: Architecture) -> nn.Module:
        torch.manual_seed(key(self.seed, "weights"))
        network = Network(architecture)
        return network.build(num_classes=self._classes) if self._classes else network.build()

    @cached_property
    def _classes(self) -> int:
        return len(self._source.classes) if self.data is not None else 0

    @cached_property
    def _source(self):  # type: ignore[no-untyped-def]
        assert self.data is not None
        return open_data(self.data, "train")

    def _batch(self, channels: int, side: int) -> tuple[Tensor, Tensor]:
        transform = evaluation_transform(side, 1.0, "imagenet", channels)
        generator = torch.Generator().manual_seed(key(self.seed, "images"))
        chosen = torch.randperm(len(self._source), generator=generator)[:_BATCH].tolist()
        images = torch.stack([transform(self._source.image(index)) for index in chosen])
        return images, torch.tensor([self._source.label(index) for index in chosen])
