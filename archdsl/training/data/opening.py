"""Data of any kind, opened by what is there, and divided where it has nothing to test on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from archdsl.diagnostics import DiagnosticError
from archdsl.diagnostics.nearest import nearest_file
from archdsl.diagnostics.wording import quoted
from archdsl.training.data.errors import MissingImages, NoData, NothingToTestOn, OneClass, OtherClasses
from archdsl.training.data.source import Part, Parts, Source, Split
from archdsl.training.random import key


class Data(NamedTuple):
    """Images to train and to test on; whether these were one part, of which some are held out."""

    train: Source
    test: Source
    is_divided: bool


def open_parts(path: str, *, holdout: float, seed: int, skip_corrupt: bool = False) -> Data:
    """The images to train and those to test on, as by `open_data`."""
    parts = _parts(path)
    train, test = _opened(path, parts, ("train", "test"), holdout, seed, skip_corrupt)
    _refuse_others("test", test, train.classes)
    return Data(train, test, "test" not in parts)


def open_data(
    path: str,
    split: Split,
    *,
    holdout: float = 0.0,
    seed: int = 0,
    classes: tuple[str, ...] | None = None,
    skip_corrupt: bool = False,
) -> Source:
    """The images to train or to test on.

    Args:
        path: a folder with a folder for each class, in `train` and `val` or without; a `.csv`; a folder that Hugging
            Face `datasets` wrote, or of Parquet files; a folder of WebDataset shards, one `.tar`, or a pattern of
            several, `train-{000..146}.tar`; a folder of IDX files such as MNIST's; `sklearn:digits`.
        holdout: part of each class that is for testing, where the data has nothing for it.
        seed: of the choice of that part.
        classes: those that were learnt, where others would be an error.
        skip_corrupt: whether images may be missing, for what reads them to leave out.

    Raises:
        DiagnosticError: where there are no images, or not those that are needed.
    """
    (found,) = _opened(path, _parts(path), (split,), holdout, seed, skip_corrupt, has_classes=classes is not None)
    if classes is not None:
        _refuse_others(split, found, classes)
    return found


def _opened(
    path: str,
    parts: Parts,
    splits: Sequence[Split],
    holdout: float,
    seed: int,
    skip_corrupt: bool,
    *,
    has_classes: bool = False,
) -> list[Source]:
    """The images of `splits`, of which each part of the data is opened once. Raises DiagnosticError."""
    if not parts:
        raise NoData(path, "no part of it is to learn from or to test on").error()
    if "train" not in parts and ("train" in splits or "test" not in parts):
        raise NoData(path, "it has images to test on alone").error()
    if "test" not in parts and "test" in splits and not holdout:
        raise NothingToTestOn(path).error()
    if "test" in parts or not holdout:
        opened = [parts[split]() for split in splits]
        found = opened
    else:
        whole = parts["train"]()
        opened = [whole]
        found = [Part(whole, _held(whole, split, holdout, seed)) for split in splits]
    if len(opened[0].classes) < 2 and not has_classes:
        raise OneClass(path, opened[0].classes[0]).error()
    missing = [] if skip_corrupt else [name for source in opened for name in source.missing()]
    if missing:
        raise MissingImages(path, missing, sum(map(len, opened))).error()
    return found


def _refuse_others(split: Split, found: Source, classes: tuple[str, ...]) -> None:
    if found.classes != classes:
        raise OtherClasses(split, _difference(found.classes, classes)).error()


def divided(whole: Source, part: float, seed: int) -> tuple[Source, Source]:
    """Images to train on, in two: those to learn from, and a part of each class to choose among networks by."""
    return Part(whole, _held(whole, "train", part, seed)), Part(whole, _held(whole, "test", part, seed))


def _held(whole: Source, split: Split, holdout: float, seed: int) -> list[int]:
    """The indices of a part: of each class the same share, which does not depend on the order of the images."""
    by_class: dict[int, list[int]] = {}
    for index in range(len(whole)):
        by_class.setdefault(whole.label(index), []).append(index)
    held = set[int]()
    for label, indices in by_class.items():
        # A class of one image is for learning; of two or more at least one is for each.
        count = min(len(indices) - 1, max(1, round(holdout * len(indices))))
        ordered = sorted(indices, key=lambda index: key(seed, "holdout", label, Path(whole.name(index)).name))
        held.update(ordered[:count])
    return [index for index in range(len(whole)) if (index in held) == (split == "test")]


def _difference(found: tuple[str, ...], expected: tuple[str, ...]) -> str:
    more = [name for name in found if name not in expected]
    fewer = [name for name in expected if name not in found]
    parts = [f"{quoted(names[:5])} {what}" for names, what in ((more, "are new"), (fewer, "are missing")) if names]
    return ", ".join(parts) or "they are in another order"


def _parts(path: str) -> Parts:
    """The parts of data of any kind. Raises DiagnosticError for what is no data."""
    if path.startswith("sklearn:"):
        from archdsl.training.data.bundled import bundled

        return bundled(path)
    place = Path(path)
    if not place.exists() and any(sign in path for sign in "{*"):
        from archdsl.training.data.shards import read_pattern

        return read_pattern(path)
    if not place.exists():
        beside = [str(one) for one in place.parent.iterdir()] if place.parent.is_dir() else []
        problem = NoData(path, "it does not exist").at(None)
        near = nearest_file(path, beside)
        raise DiagnosticError([problem.suggesting_file(path, beside) if near else problem])
    return _reader(place)(place)


def _reader(place: Path) -> Callable[[Path], Parts]:
    """What reads the data of a kind, by what is there."""
    # Each imports what it needs: most people have one kind of data.
    if place.is_file():
        if place.suffix == ".csv":
            from archdsl.training.data.table import read_table

            return read_table
        if place.suffix == ".tar":
            from archdsl.training.data.shards import read_shards

            return read_shards
        raise NoData(str(place), f"`{place.suffix}` files are not understood").error()
    names = [entry.name for entry in place.iterdir()]
    below = [entry.name for part in place.iterdir() if part.is_dir() for entry in _some(part)]
    if "dataset_dict.json" in names or "dataset_info.json" in names or _any(names + below, ".parquet"):
        from archdsl.training.data.arrow import read_arrow

        return read_arrow
    if _any(names + below, ".tar"):
        from archdsl.training.data.shards import read_shards

        return read_shards
    if any("idx3-ubyte" in name for name in names):
        from archdsl.training.data.idx import read_idx

        return read_idx
    from archdsl.training.data.folder import read_folder

    return read_folder


def _any(names: Sequence[str], suffix: str) -> bool:
    return any(name.endswith(suffix) for name in names)


def _some(folder: Path) -> list[Path]:
    """A few of the entries of a folder, which may hold a million images."""
    found = []
    for entry in folder.iterdir():
        found.append(entry)
        if len(found) == 20:
            break
    return found
