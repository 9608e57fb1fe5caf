"""Batches: the same bytes whoever loads them, and corrupt images."""

from __future__ import annotations

import multiprocessing
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import torch

from archdsl.diagnostics import DiagnosticError
from archdsl.ir.recipe import Recipe
from archdsl.ir.recipe.optimizers import SGD
from archdsl.training.data.loader import Loader, Readers, evaluation_order, evaluation_samples, train_samples
from archdsl.training.data.opening import open_data
from archdsl.training.data.sampling import Batches
from archdsl.training.data.source import Source

RECIPE: dict[str, Any] = {
    "name": "r", "model": "m", "place": ("f.arch", 1, 1), "epochs": 2, "batch": 4, "optimizer": SGD(lr=0.1),
    "rand_augment": 9.5, "jitter": 0.2, "erase": 0.3,
}  # fmt: skip


def batches(
    source: Source,
    *,
    workers: int = 0,
    channels: int = 3,
    skip_corrupt: bool = False,
    on_skip: Any = None,
    **order: int,
) -> Loader:
    recipe = Recipe.model_validate(RECIPE)
    samples = train_samples(source, recipe, recipe.phases(12)[0], seed=7, channels=channels, skip_corrupt=skip_corrupt)
    return Loader(Readers([samples], workers), 0, Batches(len(source), 4, 7, 1, **order), on_skip)


def evaluated(source: Source, batch: int, *shares: int, skip_corrupt: bool = False, on_skip: Any = None) -> Loader:
    samples = evaluation_samples(source, 12, 1, "unit", skip_corrupt=skip_corrupt)
    return Loader(Readers([samples]), 0, evaluation_order(len(source), batch, *shares), on_skip)


@pytest.mark.parametrize("workers", [1, 2])
def test_workers_change_nothing(pictures: Path, workers: int) -> None:
    source = open_data(str(pictures), "train")
    for (images, labels), (others, more) in zip(batches(source), batches(source, workers=workers), strict=True):
        assert images.shape == (4, 3, 12, 12)
        assert torch.equal(images, others)
        assert torch.equal(labels, more)


@pytest.mark.parametrize("workers", [0, 2])
def test_readers_stay_from_pass_to_pass_and_part_to_part(pictures: Path, workers: int) -> None:
    """Epochs that are broken off, other sizes of images and of batches: the batches are those of new readers."""
    source = open_data(str(pictures), "train")
    recipe = Recipe.model_validate(RECIPE)
    phases = [recipe.phases(side)[0] for side in (12, 16)]
    parts = [train_samples(source, recipe, phase, seed=7) for phase in phases]
    parts.append(evaluation_samples(source, 12, 1, "unit"))
    readers = Readers(parts, workers)
    passes: list[tuple[int, Any, int]] = [
        (0, Batches(16, 4, 7, 0), 4),
        (0, Batches(16, 4, 7, 1), 1),
        (0, Batches(16, 2, 7, 1, first_batch=2), 6),
        (2, evaluation_order(16, 5), 4),
        (1, Batches(16, 4, 7, 2), 2),
        (1, Batches(16, 4, 7, 2, first_batch=2), 2),
        (2, evaluation_order(16, 5), 4),
    ]
    others = {process.pid for process in multiprocessing.active_children()}
    known = set()
    for part, order, count in passes:
        found = list(islice(Loader(readers, part, order), count))
        expected = list(islice(Loader(Readers(parts), part, order), count))
        assert len(found) == count
        for (images, labels), (same, more) in zip(found, expected, strict=True):
            assert torch.equal(images, same)
            assert torch.equal(labels, more)
        known |= {process.pid for process in multiprocessing.active_children()} - others
    assert len(known) == workers
    readers.close()
    assert known.isdisjoint(process.pid for process in multiprocessing.active_children())


def test_processes_share_the_batches_of_one(pictures: Path) -> None:
    source = open_data(str(pictures), "train")
    parts = [list(batches(source, rank=rank, world=2)) for rank in (0, 1)]
    for (images, labels), *shares in zip(batches(source), *parts, strict=True):
        assert torch.equal(images, torch.cat([one for one, _ in shares]))
        assert torch.equal(labels, torch.cat([one for _, one in shares]))


def test_loading_leaves_the_generator_as_it_was(pictures: Path) -> None:
    torch.manual_seed(3)
    before = torch.get_rng_state()
    list(batches(open_data(str(pictures), "train")))
    assert torch.equal(torch.get_rng_state(), before)


def test_a_test_has_each_image_once_in_order(pictures: Path) -> None:
    source = open_data(str(pictures), "train")
    whole = [labels for _, labels in evaluated(source, 5)]
    assert torch.cat(whole).tolist() == [source.label(index) for index in range(len(source))]
    shares = [torch.cat([labels for _, labels in evaluated(source, 5, rank, 3)]) for rank in range(3)]
    assert sorted(map(len, shares)) == [5, 5, 6]


def test_grey_images(pictures: Path) -> None:
    images, _ = next(iter(batches(open_data(str(pictures), "train"), channels=1)))
    assert images.shape == (4, 1, 12, 12)


@pytest.mark.parametrize("workers", [0, 1])
def test_a_corrupt_image_is_named(pictures: Path, workers: int) -> None:
    (pictures / "cat" / "03.png").write_bytes(b"\x89PNG\r\n\x1a\n half of it")
    with pytest.raises(DiagnosticError, match=r"03\.png cannot be read as an image"):
        list(batches(open_data(str(pictures), "train"), workers=workers))


def test_a_corrupt_image_is_passed_over_where_that_is_asked_for(pictures: Path) -> None:
    (pictures / "cat" / "03.png").write_bytes(b"")
    heard: list[str] = []
    source = open_data(str(pictures), "train")
    loader = batches(source, skip_corrupt=True, on_skip=lambda name, reason: heard.append(name))
    assert sum(len(labels) for _, labels in loader) == 16
    assert [Path(name).name for name in heard] == ["03.png"]


def test_nothing_but_corrupt_images(pictures: Path) -> None:
    for path in pictures.rglob("*.png"):
        path.write_bytes(b"")
    with pytest.raises(DiagnosticError, match="none of 16 images"):
        list(batches(open_data(str(pictures), "train"), skip_corrupt=True))


def test_a_test_leaves_corrupt_images_out(pictures: Path) -> None:
    (pictures / "cat" / "03.png").write_bytes(b"")
    heard: list[str] = []
    source = open_data(str(pictures), "train")
    loader = evaluated(source, 4, skip_corrupt=True, on_skip=lambda name, reason: heard.append(name))
    assert [len(labels) for _, labels in loader] == [3, 4, 4, 4]
    assert [Path(name).name for name in heard] == ["03.png"]
