"""What a network sees in pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import torch
from PIL import Image
from torch import Tensor, nn

from archdsl.diagnostics import DiagnosticError
from archdsl.training.data.images import UnreadableImageError, decode, to_rgb
from archdsl.training.loss import logits
from archdsl.training.run_errors import BadPicture


class Guess(NamedTuple):
    """A class, and how probable it is, 0 to 1."""

    name: str
    probability: float


@torch.no_grad()
def predict(
    model: nn.Module,
    pictures: Iterable[Any],
    transform: Callable[[Image.Image], Tensor],
    classes: Sequence[str],
    device: torch.device,
    *,
    top: int = 5,
    batch: int = 32,
) -> Iterator[list[Guess]]:
    """The most probable classes of each picture, best first.

    Args:
        pictures: paths, or images of Pillow.
        transform: a picture to what the network takes, C x H x W.

    Raises:
        DiagnosticError: for a file that is no image.
    """
    model.eval()
    rest = iter(pictures)
    while some := list(islice(rest, batch)):
        images = torch.stack([transform(opened(picture)) for picture in some])
        found = logits(model(images.to(device, memory_format=torch.channels_last))).float()
        values, indices = found.softmax(1).topk(min(top, len(classes)), dim=1)
        for odds, guessed in zip(values.tolist(), indices.tolist(), strict=True):
            yield [Guess(classes[index], value) for index, value in zip(guessed, odds, strict=True)]


def opened(picture: str | Path | Image.Image) -> Image.Image:
    """A picture in RGB, as images are read in training. Raises DiagnosticError for a file that is none."""
    try:
        return to_rgb(picture) if isinstance(picture, Image.Image) else decode(Path(picture))
    except UnreadableImageError as error:
        raise DiagnosticError([BadPicture(str(picture), str(error)).at(None)]) from None
