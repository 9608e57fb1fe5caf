"""Images on which the ranges of activations are found, prepared as the network takes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy
import torch
from PIL import Image
from torch import Tensor

from archdsl.diagnostics import DiagnosticError
from archdsl.exporting.errors import NoImagesToCalibrate, UnknownPreprocessing
from archdsl.exporting.subject import Subject
from archdsl.training.data.images import EXTENSIONS, UnreadableImageError, decode

# More images change ranges little, and each one takes a run of the network in float32.
_MOST = 256


def calibration_images(subject: Subject, folder: str, height: int, width: int) -> Tensor:
    """Images of a folder or data set, evenly drawn from all of them.

    Returns:
        N x C x height x width in float32, normalized as the network was trained.

    Raises:
        DiagnosticError: where there are none, one cannot be read, or it is not known how to normalize them.
    """
    said = subject.preprocessing
    if "mean" not in said:
        raise UnknownPreprocessing(subject.name).error()
    readers = list(_readers(folder))
    if not readers:
        raise NoImagesToCalibrate(folder, "nothing in it is an image").error()
    count = min(len(readers), _MOST)
    chosen = [readers[index * len(readers) // count] for index in range(count)]
    mean, deviation = (torch.tensor(said[name])[:, None, None] for name in ("mean", "std"))
    try:
        images = [_tensor(read(), height, width, said.get("crop", 1.0), grey=len(mean) == 1) for read in chosen]
    except UnreadableImageError as error:
        raise NoImagesToCalibrate(folder, str(error)).error() from None
    return (torch.stack(images) - mean) / deviation


def _readers(folder: str) -> Iterator[Callable[[], Image.Image]]:
    """What reads each image: the files of a folder, however deep, or the images of a data set."""
    path = Path(folder)
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.suffix.lower() in EXTENSIONS and file.is_file())
        if files:
            yield from (lambda file=file: _decoded(file) for file in files)
            return
    from archdsl.training.data.opening import open_data

    try:
        source = open_data(folder, "train")
    except DiagnosticError as failure:
        reason = failure.diagnostics[0].message
        raise NoImagesToCalibrate(folder, reason).error() from None
    yield from (lambda index=index: source.image(index) for index in range(len(source)))


def _decoded(file: Path) -> Image.Image:
    try:
        return decode(file)
    except UnreadableImageError as error:
        raise UnreadableImageError(f"{file.name}: {error}") from None


def _tensor(image: Image.Image, height: int, width: int, crop: float, *, grey: bool) -> Tensor:
    """The middle of an image, 0 to 1: as evaluations of a run have it where height and width are one."""
    # The side that has to be cut least is as long as the crop says, and the other one follows, as in torchvision.
    wanted = round(width / crop), round(height / crop)
    if wanted[0] * image.height >= wanted[1] * image.width:
        size = wanted[0], int(wanted[0] * image.height / image.width)
    else:
        size = int(wanted[1] * image.width / image.height), wanted[1]
    image = image.resize(size, Image.Resampling.BICUBIC)
    left, top = round((size[0] - width) / 2), round((size[1] - height) / 2)
    image = image.crop((left, top, left + width, top + height)).convert("L" if grey else "RGB")
    pixels = torch.from_numpy(numpy.array(image)).view(height, width, -1).permute(2, 0, 1)
    return pixels.float() / 255
