"""What Hugging Face `datasets` wrote: a folder of `save_to_disk`, or Parquet files."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image

from archdsl.diagnostics import DiagnosticError
from archdsl.training.data.errors import MissingLibrary, NoData, NoImageColumn, UnknownLabel
from archdsl.training.data.images import UnreadableImageError, decode, to_rgb
from archdsl.training.data.source import NAMES, Parts, Source


class Rows(Source):
    """The rows of a table, whose images are encoded in a column of it."""

    def __init__(self, path: str, rows: Any, others: tuple[Any, ...] = ()):
        self.path = path
        image, label = _columns(path, rows)
        from datasets import Image as ImageFeature

        # Decoded here, so that a corrupt one has a name and is this room's to judge.
        self.rows, self._image = rows.cast_column(image, ImageFeature(decode=False)), image
        values = rows[label]
        names = getattr(rows.features[label], "names", None)
        # Of all parts: one for testing may be without some.
        labels = [value for part in (rows, *others) for value in part[label]] if not names else []
        self.classes = tuple(names) if names else _classes(labels)
        numbers = {name: number for number, name in enumerate(self.classes)}
        self.labels = [int(value) if names else numbers[str(value)] for value in values]
        for index, number in enumerate(self.labels):
            if not 0 <= number < len(self.classes):
                raise DiagnosticError([UnknownLabel(self.name(index), str(number), len(self.classes)).at(None)])

    def __len__(self) -> int:
        return len(self.labels)

    def label(self, index: int) -> int:
        return self.labels[index]

    def name(self, index: int) -> str:
        return f"{self.path}[{index}]"

    def image(self, index: int) -> Image.Image:
        found = self.rows[index][self._image]
        if isinstance(found, Image.Image):
            return to_rgb(found)
        if found is None:
            raise UnreadableImageError("there is none")
        return decode(found["bytes"] if found["bytes"] is not None else Path(found["path"]))


def read_arrow(place: Path) -> Parts:
    """The rows of each part; a set without parts is to learn from."""
    try:
        import datasets
    except ImportError:
        problem = MissingLibrary(str(place), "the library `datasets`", "'archdsl[datasets]'")
        raise DiagnosticError([problem.at(None)]) from None
    datasets.disable_progress_bars()
    try:
        if (place / "dataset_dict.json").exists() or (place / "dataset_info.json").exists():
            found = datasets.load_from_disk(str(place))
        else:
            found = datasets.load_dataset("parquet", data_files=_parquet(place))
    except Exception as error:  # whatever the library says of files that it cannot read
        raise DiagnosticError([NoData(str(place), str(error).partition("\n")[0]).at(None)]) from None
    if isinstance(found, datasets.Dataset):
        return {"train": partial(Rows, str(place), found)}
    parts = {part: next((name for name in names if name in found), None) for part, names in NAMES.items()}
    return {
        part: partial(Rows, f"{place}:{name}", found[name], tuple(found[other] for other in found if other != name))
        for part, name in parts.items()
        if name is not None
    }


def _parquet(place: Path) -> dict[str, list[str]]:
    """The Parquet files of each part: in a folder of its name, or whose own names begin with it; else all to learn."""
    files = sorted(place.rglob("*.parquet"))
    found: dict[str, list[str]] = {}
    for path in files:
        for part, names in NAMES.items():
            if path.parent.name in names or path.name.startswith(names):
                found.setdefault(part, []).append(str(path))
    return found or {"train": [str(path) for path in files]}


def _columns(path: str, rows: Any) -> tuple[str, str]:
    """The columns of images and labels, by their types and then by their names."""
    features = rows.features
    kinds = {name: type(feature).__name__ for name, feature in features.items()}
    images = [name for name, kind in kinds.items() if kind == "Image"] or [n for n in ("image", "img") if n in kinds]
    labels = [name for name, kind in kinds.items() if kind == "ClassLabel"]
    labels = labels or [name for name in ("label", "labels", "class", "target", "fine_label") if name in kinds]
    known = ", ".join(f"`{name}`" for name in kinds)
    for what, found in (("images", images), ("labels", labels)):
        if not found:
            raise DiagnosticError([NoImageColumn(path, what, known).at(None)])
    return images[0], labels[0]


def _classes(values: list[Any]) -> tuple[str, ...]:
    distinct = set(values)
    if all(isinstance(value, int) for value in distinct):
        return tuple(str(number) for number in range(max(distinct) + 1))
    return tuple(sorted(str(value) for value in distinct))
