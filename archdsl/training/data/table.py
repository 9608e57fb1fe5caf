"""A .csv of paths and labels."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PIL import Image

from archdsl.diagnostics import DiagnosticError
from archdsl.training.data.errors import BadRow, NoData, NoSuchColumn
from archdsl.training.data.images import decode
from archdsl.training.data.source import NAMES, Parts, Source, Split


class Listed(Source):
    """The images that a table lists, with their labels; classes are in the order of their names, numbers by size."""

    def __init__(self, rows: list[tuple[Path, str]], classes: tuple[str, ...]):
        self.classes = classes
        self.paths = [path for path, _ in rows]
        numbers = {name: number for number, name in enumerate(classes)}
        self.labels = [numbers[label] for _, label in rows]

    def __len__(self) -> int:
        return len(self.paths)

    def label(self, index: int) -> int:
        return self.labels[index]

    def name(self, index: int) -> str:
        return str(self.paths[index])

    def image(self, index: int) -> Image.Image:
        return decode(self.paths[index])

    def missing(self) -> Sequence[str]:
        return [str(path) for path in self.paths if not path.is_file()]


def read_table(place: Path) -> Parts:
    """The rows of each part; without a column `split`, all of them are to learn from."""
    try:
        with place.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, skipinitialspace=True)
            columns = list(reader.fieldnames or ())
            rows = [(reader.line_num, row) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DiagnosticError([NoData(str(place), str(error)).at(None)]) from None
    for column in ("path", "label"):
        if column not in columns:
            known = ", ".join(f"`{name}`" for name in columns) or "missing"
            raise DiagnosticError([NoSuchColumn(str(place), column, known).at(None)])
    found: dict[Split, list[tuple[Path, str]]] = {"train": [], "test": []}
    for line, row in rows:
        part = _part(row.get("split") or "train")
        if None in row:
            raise DiagnosticError([BadRow(str(place), line, "it has more values than there are columns").at(None)])
        if not row["path"] or not row["label"]:
            raise DiagnosticError([BadRow(str(place), line, "a path and a label are needed").at(None)])
        if part is None:
            reason = f"`{row['split']}` is not a split; it is train or test"
            raise DiagnosticError([BadRow(str(place), line, reason).at(None)])
        found[part].append((place.parent / row["path"], row["label"]))
    if not rows:
        raise DiagnosticError([NoData(str(place), "it has no rows").at(None)])
    classes = tuple(sorted({label for part in found.values() for _, label in part}, key=_order))
    return {part: partial(Listed, listed, classes) for part, listed in found.items() if listed}


def _part(text: str) -> Split | None:
    return next((part for part, names in NAMES.items() if text.strip().lower() in names), None)


def _order(label: str) -> tuple[int, float, str]:
    """Numbers by size, before texts by name."""
    return (0, float(label), label) if label.isdecimal() else (1, 0.0, label)
