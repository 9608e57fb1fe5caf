"""A run, to use: its network with the weights, its classes, and how an image becomes what the network takes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor, nn

from archdsl.api import Network
from archdsl.diagnostics import DiagnosticError
from archdsl.ir.recipe import Recipe
from archdsl.training.devices import Precision, device_of
from archdsl.training.errors import NoRun
from archdsl.training.evaluate import Evaluation, evaluate
from archdsl.training.init import fill
from archdsl.training.predict import Guess, predict
from archdsl.training.requirements import require
from archdsl.training.run_errors import NoTestImages
from archdsl.training.run_facts import Used
from archdsl.training.run_folder import RunFolder
from archdsl.training.run_weights import run_weights


class Run:
    """A run that `load_run` opened: it needs nothing but its folder.

    `facts` is what its `run.json` says: versions, seed, settings, preprocessing.
    """

    def __init__(self, folder: RunFolder, device: torch.device):
        self.folder, self.device = folder, device
        self.facts = folder.facts(Used)
        self.network = Network(folder.architecture())
        self.recipe: Recipe = folder.recipe()
        self.classes = tuple(self.facts["classes"])
        said, takes = self.facts["preprocessing"]["channels"], self.network.architecture.input.channels
        if said != takes:
            reason = f"images have {said} channels by its run.json, and the network takes {takes}"
            raise NoRun(str(folder.path), reason).error()

    @property
    def path(self) -> Path:
        return self.folder.path

    @cached_property
    def model(self) -> nn.Module:
        """The network in evaluation mode, with the weights of the run: averaged ones where its recipe averages."""
        model = self.network.build(num_classes=len(self.classes))
        fill(model, run_weights(self.folder), str(self.path))
        return model.to(self.device, memory_format=torch.channels_last).eval()  # type: ignore[call-overload, no-any-return]

    @cached_property
    def transform(self) -> Callable[[Image.Image], Tensor]:
        """An image in RGB to what the network takes, C x H x W, as in the evaluations of the run."""
        from archdsl.training.data.transforms import evaluation_transform

        said = self.facts["preprocessing"]
        made: Callable[[Image.Image], Tensor] = evaluation_transform(
            said["resolution"], said["crop"], said["normalization"], said["channels"]
        )
        return made

    def predict(self, images: Iterable[Any] | str | Path | Image.Image, *, top: int = 5) -> list[list[Guess]]:
        """The most probable classes of each image, best first.

        Args:
            images: paths, or images of Pillow; one alone is a list of one.

        Raises:
            DiagnosticError: for a file that is no image.
        """
        several = [images] if isinstance(images, str | Path | Image.Image) else images
        return list(predict(self.model, several, self.transform, self.classes, self.device, top=top))

    def evaluate(
        self,
        data: str | Path | None = None,
        *,
        batch: int = 64,
        workers: int = 0,
        precision: Precision = "float32",
        skip_corrupt: bool | None = None,
        on_skip: Callable[[str, str], None] | None = None,
    ) -> Evaluation:
        """Top-1, top-5, a table of classes, the confusion matrix and images per second, on images for testing.

        Args:
            data: as for `archdsl train`; the images of the run unless said otherwise, of which the same are tested on.
            on_skip: is called with the name of each corrupt image that is left out, and the reason.

        Raises:
            DiagnosticError: when there are no such images, or they are of other classes.
        """
        from archdsl.training.data.loader import Loader, Readers, evaluation_order, evaluation_samples
        from archdsl.training.data.opening import open_data

        settings, said = self.facts["settings"], self.facts["preprocessing"]
        skips = settings["skip_corrupt"] if skip_corrupt is None else skip_corrupt
        path = str(data) if data is not None else settings["data"]
        source = open_data(
            path,
            "test",
            holdout=settings["holdout"],
            seed=settings["seed"],
            classes=self.classes,
            skip_corrupt=skips,
        )
        if source is None or len(source) == 0:
            raise DiagnosticError([NoTestImages(path).at(None)])
        sizes = said["resolution"], said["crop"], said["normalization"]
        samples = evaluation_samples(source, *sizes, channels=said["channels"], skip_corrupt=skips)
        loader = Loader(Readers([samples], workers), 0, evaluation_order(len(source), batch), on_skip)
        return evaluate(self.model, loader, self.classes, self.device, precision)

    def __repr__(self) -> str:
        return f"<run {self.path}: {self.network.name} by {self.recipe.name}, {len(self.classes)} classes>"


def load_run(path: str | Path, device: str | None = "cpu") -> Run:
    """A run by its folder, of which nothing is needed but what is in it.

    Args:
        device: `cpu`, `cuda`, `cuda:1`; None for the best there is.

    Raises:
        DiagnosticError: where there is no run, or no such device.
    """
    require()
    return Run(RunFolder(path), device_of(device))
