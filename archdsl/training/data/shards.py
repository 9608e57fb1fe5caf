"""WebDataset shards: .tar files of samples, whose members have one name but for their extension.

Members are listed once, and an image is then read where it is: unlike a stream, that gives each image once an epoch in
an order that a seed decides, over any number of processes, from any place on.
"""

from __future__ import annotations

import json
import os
import re
import tarfile
from collections.abc import Iterable, Iterator
from functools import partial
from glob import glob
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from archdsl.limits import limits
from archdsl.training.data.errors import BadSample, NoData, TooManyShards, UnknownLabel
from archdsl.training.data.images import EXTENSIONS, decode
from archdsl.training.data.source import NAMES, Parts, Source, Split


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


def read_shards(place: Path) -> Parts:
    """The samples of each part: of the shards whose own names begin with its name, or that are in a folder of it.

    The labels are in members `.cls` (numbers or names) or in `label` of `.json`; `classes.txt` beside the shards names
    the classes, in their order.
    """
    if place.is_file():
        return _parts({"train": [place]}, place.parent)
    by_part = _divided(sorted(place.rglob("*.tar")), place)
    return _parts({"train": by_part["train"] or by_part[None], "test": by_part["test"]}, place)


def read_pattern(pattern: str) -> Parts:
    """The samples of shards that a pattern names, `train-{000..146}.tar`; those whose names say so are for testing."""
    texts = list(islice(_expanded(pattern), limits().shards + 1))
    if len(texts) > limits().shards:
        raise TooManyShards(pattern).error()
    found = [Path(path) for text in texts for path in (sorted(glob(text)) if "*" in text else [text])]
    missing = [str(path) for path in found if not path.is_file()]
    if missing or not found:
        reason = f"{missing[0]} does not exist" if missing else "no file is called so"
        raise NoData(pattern, reason).error()
    top = Path(os.path.commonpath([path.parent for path in found]))
    by_part = _divided(found, top)
    return _parts({"train": by_part["train"] + by_part[None], "test": by_part["test"]}, found[0].parent)


def _expanded(pattern: str) -> Iterator[str]:
    """The texts that braces stand for: `{00..12}` for numbers as wide as the first, `{a,b}` for words."""
    match = re.search(r"\{([^{}]*)\}", pattern)
    if match is None:
        yield pattern
        return
    numbers = re.fullmatch(r"(\d{1,9})\.\.(\d{1,9})", match[1])
    words: Iterable[str] = match[1].split(",")
    if numbers is not None:
        words = (str(n).zfill(len(numbers[1])) for n in range(int(numbers[1]), int(numbers[2]) + 1))
    for word in words:
        yield from _expanded(pattern[: match.start()] + word + pattern[match.end() :])


def _divided(shards: Iterable[Path], top: Path) -> dict[Split | None, list[Path]]:
    """Shards by the part that their own names say, or else the names of their folders below `top`; None for none."""
    found: dict[Split | None, list[Path]] = {"train": [], "test": [], None: []}
    for path in shards:
        own = next((part for part, names in NAMES.items() if path.name.startswith(names)), None)
        above = next((part for part, names in NAMES.items() if path.parent != top and path.parent.name in names), None)
        found[own or above].append(path)
    return found


def _parts(by_part: dict[Split, list[Path]], folder: Path) -> Parts:
    """The parts that have shards, with the classes of all of them."""
    samples = {
        part: [member for shard in shards for member in _members(shard)] for part, shards in by_part.items() if shards
    }
    if not all(samples.values()):
        raise NoData(str(folder), "its shards hold no images with labels").error()
    classes = _classes(folder, {member.label for members in samples.values() for member in members})
    return {part: partial(_opened, members, classes) for part, members in samples.items()}


def _opened(members: list[Member], classes: tuple[str, ...]) -> Shards:
    numbers = {name: number for number, name in enumerate(classes)}
    return Shards(members, classes, [_number(member, numbers) for member in members])


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
                        raise BadSample(f"{shard}:{sample}", f"has two images, {both}").error()
                    images[sample] = member
                elif last in (".cls", ".json") and (text := file.extractfile(member)) is not None:
                    found = _label(text.read().decode("utf-8", "replace"), last)
                    if found is not None:
                        labels[sample] = found
    except (OSError, tarfile.TarError) as error:
        raise NoData(str(shard), f"it cannot be read: {error}").error() from None
    for sample, member in images.items():
        if sample not in labels:
            name = f"{shard}:{member.name}"
            raise BadSample(name, "has no label: neither `.cls` nor `label` in `.json`").error()
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


def _classes(folder: Path, labels: set[str]) -> tuple[str, ...]:
    listed = folder / "classes.txt"
    if listed.is_file():
        return tuple(line.strip() for line in listed.read_text(encoding="utf-8").splitlines() if line.strip())
    if all(label.isdecimal() for label in labels):
        return tuple(str(number) for number in range(max(map(int, labels), default=-1) + 1))
    return tuple(sorted(labels))


def _number(member: Member, numbers: dict[str, int]) -> int:
    """A label's number among the classes: by its name, else as the number that it is."""
    if member.label in numbers:
        return numbers[member.label]
    if member.label.isdecimal() and int(member.label) < len(numbers):
        return int(member.label)
    name = f"{member.shard}:{member.name}"
    raise UnknownLabel(name, f"`{member.label}`", len(numbers)).error()
