"""WebDataset shards: .tar files of samples, whose members have one name but for their extension.

Members are listed once, and an image is then read where it is: unlike a stream, that gives each image once an epoch in
an order that a seed decides, over any number of processes, from any place on.
"""

from __future__ import annotations

import json
import re
import tarfile
from collections.abc import Iterator
from glob import glob
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from archdsl.diagnostics import DiagnosticError
from archdsl.training.data.errors import BadSample, NoData, UnknownLabel
from archdsl.training.data.images import EXTENSIONS, decode
from archdsl.training.data.source import NAMES, Source, Split


class Member(NamedTuple):
    """An image in a shard, and its label as written."""

    shard: str
    name: str
    offset: int
    size: int
    label: str


class Shards(Source):
    def __init__(self, members: list[Member], classes: tuple[str, ...], labels: list[int]):
        self.members, self.classes, self.labels = members, classes, labels

    def __len__(self) -> int:
        return len(self.members)

    def label(self, index: int) -> int:
        return self.labels[index]

    def name(self, index: int) -> str:
        member = self.members[index]
        return f"{member.shard}:{member.name}"

    def image(self, index: int) -> Image.Image:
        member = self.members[index]
        with open(member.shard, "rb") as file:
            file.seek(member.offset)
            return decode(file.read(member.size))


def read_shards(place: Path, split: Split) -> Source | None:
    """The samples of a part: of the shards in a folder of its name, or whose own names begin with it.

    The labels are in members `.cls` (numbers or names) or in `label` of `.json`; `classes.txt` beside the shards names
    the classes, in their order.
    """
    by_part = {part: _shards(place, part) for part in NAMES}
    if not any(by_part.values()):
        by_part["train"] = [place] if place.is_file() else sorted(place.rglob("*.tar"))
    if not by_part[split]:
        return None
    members = [member for shard in by_part[split] for member in _members(shard)]
    if not members:
        raise DiagnosticError([NoData(str(place), "its shards hold no images with labels").at(None)])
    others = [] if split == "train" else [one for shard in by_part["train"] for one in _members(shard)]
    classes = _classes(place, {member.label for member in (*members, *others)})
    return Shards(members, classes, [_number(member, classes) for member in members])


def read_pattern(pattern: str, split: Split) -> Source | None:
    """The samples of shards that a pattern names, `train-{000..146}.tar`; those whose names say so are for testing."""
    texts = list(_expanded(pattern))
    found = [Path(path) for text in texts for path in (sorted(glob(text)) if "*" in text else [text])]
    missing = [str(path) for path in found if not path.is_file()]
    if missing or not found:
        reason = f"{missing[0]} does not exist" if missing else "no file is called so"
        raise DiagnosticError([NoData(pattern, reason).at(None)])
    own = [path for path in found if path.name.startswith(NAMES["test"]) == (split == "test")]
    members = [member for shard in own for member in _members(shard)]
    if not members:
        return None
    everything = members + [member for shard in found if shard not in own for member in _members(shard)]
    classes = _classes(found[0].parent, {member.label for member in everything})
    return Shards(members, classes, [_number(member, classes) for member in members])


def _expanded(pattern: str) -> Iterator[str]:
    """The texts that braces stand for: `{00..12}` for numbers as wide as the first, `{a,b}` for words."""
    match = re.search(r"\{([^{}]*)\}", pattern)
    if match is None:
        yield pattern
        return
    numbers = re.fullmatch(r"(\d{1,9})\.\.(\d{1,9})", match[1])
    if numbers is not None:
        words = [str(n).zfill(len(numbers[1])) for n in range(int(numbers[1]), int(numbers[2]) + 1)]
    else:
        words = match[1].split(",")
    for word in words:
        yield from _expanded(pattern[: match.start()] + word + pattern[match.end() :])


def _shards(place: Path, part: Split) -> list[Path]:
    if place.is_file():
        return []
    return sorted(
        path for path in place.rglob("*.tar") if path.parent.name in NAMES[part] or path.name.startswith(NAMES[part])
    )


def _members(shard: Path) -> list[Member]:
    images: dict[str, tarfile.TarInfo] = {}
    labels: dict[str, str] = {}
    try:
        with tarfile.open(shard, "r:") as file:
            for member in file:
                if not member.isfile():
                    continue
                folder, _, name = member.name.rpartition("/")
                stem, _, extension = name.partition(".")
                sample = f"{folder}/{stem}"
                last = f".{extension.rpartition('.')[2].lower()}"
                if last in EXTENSIONS:
                    if sample in images:
                        both = f"{images[sample].name} and {member.name}"
                        raise DiagnosticError([BadSample(f"{shard}:{sample}", f"has two images, {both}").at(None)])
                    images[sample] = member
                elif last in (".cls", ".json") and (text := file.extractfile(member)) is not None:
                    found = _label(text.read().decode("utf-8", "replace"), last)
                    if found is not None:
                        labels[sample] = found
    except (OSError, tarfile.TarError) as error:
        raise DiagnosticError([NoData(str(shard), f"it cannot be read: {error}").at(None)]) from None
    for sample, member in images.items():
        if sample not in labels:
            name = f"{shard}:{member.name}"
            raise DiagnosticError([BadSample(name, "has no label: neither `.cls` nor `label` in `.json`").at(None)])
    return [
        Member(str(shard), member.name, member.offset_data, member.size, labels[sample])
        for sample, member in images.items()
    ]


def _label(text: str, extension: str) -> str | None:
    if extension == ".cls":
        return text.strip()
    try:
        found = json.loads(text)
    except ValueError:
        return None
    label = found.get("label", found.get("cls")) if isinstance(found, dict) else None
    return None if label is None else str(label)


def _classes(place: Path, labels: set[str]) -> tuple[str, ...]:
    folder = place if place.is_dir() else place.parent
    listed = folder / "classes.txt"
    if listed.is_file():
        return tuple(line.strip() for line in listed.read_text(encoding="utf-8").splitlines() if line.strip())
    if all(label.isdecimal() for label in labels):
        return tuple(str(number) for number in range(max(map(int, labels)) + 1))
    return tuple(sorted(labels))


def _number(member: Member, classes: tuple[str, ...]) -> int:
    if member.label in classes:
        return classes.index(member.label)
    if member.label.isdecimal() and int(member.label) < len(classes):
        return int(member.label)
    name = f"{member.shard}:{member.name}"
    raise DiagnosticError([UnknownLabel(name, f"`{member.label}`", len(classes)).at(None)])
