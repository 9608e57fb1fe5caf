"""A folder with a folder for each class."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

from PIL import Image

from archdsl.diagnostics import DiagnosticError
from archdsl.training.data.errors import EmptyClass, NoData
from archdsl.training.data.images import EXTENSIONS, decode
from archdsl.training.data.source import NAMES, Parts, Source


class Folder(Source):
    """The images below the folders of classes, in the order of their names."""

    def __init__(self, folder: Path, classes: tuple[str, ...]):
        self.folder, self.classes = folder, classes
        self.paths: list[str] = []
        self.labels: list[int] = []
        for label, name in enumerate(classes):
            found = sorted(_images(folder / name))
            if not found:
                raise DiagnosticError([EmptyClass(name, str(folder)).at(None)])
            self.paths += found
            self.labels += [label] * len(found)

    def __len__(self) -> int:
        return len(self.paths)

    def label(self, index: int) -> int:
        return self.labels[index]

    def name(self, index: int) -> str:
        return self.paths[index]

    def image(self, index: int) -> Image.Image:
        return decode(Path(self.paths[index]))


def read_folder(place: Path) -> Parts:
    """The images of each part of a folder; without parts, all of them are to learn from."""
    folders = {
        part: next((place / name for name in names if (place / name).is_dir()), None) for part, names in NAMES.items()
    }
    if folders["train"] is None:
        return {"train": partial(_folder, place)}
    return {part: partial(_folder, folder) for part, folder in folders.items() if folder is not None}


def _folder(here: Path) -> Folder:
    """The images of one part. Raises DiagnosticError where there are none."""
    classes = tuple(sorted(entry.name for entry in here.iterdir() if entry.is_dir() and not entry.name.startswith(".")))
    if not classes:
        loose = any(entry.suffix.lower() in EXTENSIONS for entry in here.iterdir())
        reason = "its images are not in folders, one for each class" if loose else "it has no folders of classes"
        raise DiagnosticError([NoData(str(here), reason).at(None)])
    return Folder(here, classes)


def _images(folder: Path) -> list[str]:
    found = []
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [
            os.path.join(parent, name)
            for name in names
            if not name.startswith(".") and os.path.splitext(name)[1].lower() in EXTENSIONS
        ]
    return found
