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

AXES = {0: "batch", 2: "height", 3: "width"}
# Runs what was written: float32 images to the outputs, in the order of their names.
Runner = Callable[[Tensor], tuple[Tensor, ...]]


@dataclass(frozen=True)
class Job:
    """`module` computes what is to be written, of `images` N x C x H x W whose axes in `free` may have other sizes."""

    subject: Subject
    module: nn.Module
    images: Tensor
    free: tuple[int, ...]
    settings: Settings

    def program(self) -> ExportedProgram:
        """The network as `torch.export` sees it."""
        shapes = (dict.fromkeys(self.free, Dim.DYNAMIC),) if self.free else None
        return export(self.module, (self.images,), dynamic_shapes=shapes)

    def facts(self) -> dict[str, Any]:
        """What goes into the file beside the network."""
        free = [AXES[axis] for axis in self.free]
        return {**self.subject.facts(), "input": list(self.images.shape), "free": free, "dtype": self.settings.dtype}


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
