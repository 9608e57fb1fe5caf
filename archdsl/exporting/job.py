"""What a target is given to write, and the tool of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from torch import Tensor, nn
from torch.export import Dim, ExportedProgram, export

from archdsl.exporting.settings import Settings, TargetFacts
from archdsl.exporting.subject import Subject

# The axes of images, and of series, that may be free.
_AXES = {4: {0: "batch", 2: "height", 3: "width"}, 3: {0: "batch", 2: "length"}}
# Runs what was written: float32 images, those of each input, to the outputs, in the order of their names.
Runner = Callable[..., tuple[Tensor, ...]]
# What a network of one input calls it.
IMAGES = "images"


@dataclass(frozen=True)
class Job:
    """`module` computes what is to be written, of `images` N x C x H x W whose axes in `free` may have other sizes.
    Series are N x C x L. There are as many tensors as the network has inputs.

    `calibration` are images that int8 is fitted to; None where nothing is quantized.
    """

    subject: Subject
    module: nn.Module
    images: tuple[Tensor, ...]
    free: tuple[int, ...]
    settings: Settings
    calibration: Tensor | None = None

    @property
    def axes(self) -> dict[int, str]:
        """The names of the axes in `free`."""
        names = _AXES[self.images[0].dim()]
        return {axis: names[axis] for axis in self.free}

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of the inputs in the file."""
        return tuple(self.subject.network.architecture.inputs) or (IMAGES,)

    @property
    def shape(self) -> tuple[int, ...]:
        """N x C x H x W of the images, those of the first input."""
        return tuple(self.images[0].shape)

    @property
    def batches(self) -> list[Tensor]:
        """The images of the calibration, as many at a time as the network takes."""
        if self.calibration is None:
            return []
        size = self.shape[0]
        whole = self.calibration[: max(len(self.calibration) // size, 1) * size]
        if len(whole) < size:  # fewer images than a batch
            whole = whole.repeat(-(-size // len(whole)), 1, 1, 1)[:size]
        return [whole[start : start + size] for start in range(0, len(whole), size)]

    def program(self) -> ExportedProgram:
        """The network as `torch.export` sees it."""
        free = tuple(dict.fromkeys(self.free, Dim.DYNAMIC) for _ in self.images)
        shapes = None if not self.free else free if len(free) == 1 else (free,)  # several are one `*images`
        return export(self.module, self.images, dynamic_shapes=shapes)

    def facts(self) -> dict[str, Any]:
        """What goes into the file beside the network."""
        free, shapes = list(self.axes.values()), [list(images.shape) for images in self.images]
        inputs = {"inputs": dict(zip(self.inputs, shapes, strict=True))} if len(shapes) > 1 else {"input": shapes[0]}
        return {**self.subject.facts(), **inputs, "free": free, "dtype": self.dtype}

    @property
    def dtype(self) -> str:
        """What it computes in."""
        return "int8" if self.calibration is not None else self.settings.dtype


class Written(NamedTuple):
    """`runner` opens the file and runs it; `said` are facts for whoever asked for it, such as the opset."""

    runner: Callable[[], Runner]
    said: dict[str, str]


class Tool(Protocol):
    """Writes the file `path`, and those beside it that its target has."""

    def __call__(self, job: Job, path: Path) -> Written: ...


def beside(path: Path, target: TargetFacts) -> tuple[Path, ...]:
    """The files of an export, that which is named last."""
    return (*(path.with_suffix(suffix) for suffix in target.also), path)
