"""The benchmarks of training: what they draw, compare and run, little of each."""

from __future__ import annotations

import math
from importlib.util import find_spec
from pathlib import Path

import numpy
import pytest
import torch
from PIL import Image

from archdsl.backends.latency import profile
from archdsl.sources import read
from archdsl.training.data.opening import open_data
from archdsl.trainings import open_recipe
from benchmarks import glyphs, progressive, subset, train_on_gpu, training_speed
from benchmarks.measure import ROOT
from benchmarks.training_steps import Case, Terms, steps

# Of the package that draws the text of diagrams.
FONTS = Path(next(iter(find_spec("fontpkg_arimo").submodule_search_locations)))  # type: ignore[union-attr, arg-type]

# Letters -------------------------------------------------------------------------------------------------------------


def test_letters_of_a_font(tmp_path: Path) -> None:
    counts = glyphs.draw(FONTS, tmp_path / "out", size=24, styles=1, share=0.2)
    drawn = sorted(path.relative_to(tmp_path / "out") for path in tmp_path.rglob("*.png"))
    assert counts["families"] >= 1
    assert counts["train"] + counts["test"] == len(drawn) == 62 * counts["families"]
    assert {path.parts[1].casefold() for path in drawn} == set(glyphs.CLASSES.values())
    with Image.open(tmp_path / "out" / drawn[0]) as image:
        assert (image.size, image.mode) == ((24, 24), "L")


def test_letters_are_the_same_each_time(tmp_path: Path) -> None:
    first, second = (tmp_path / name for name in ("first", "second"))
    for out in (first, second):
        glyphs.draw(FONTS, out, size=16, styles=1, share=0.2)
    for path in first.rglob("*.png"):
        assert path.read_bytes() == (second / path.relative_to(first)).read_bytes()


def test_small_letters_are_smaller() -> None:
    """All characters of a font have one scale: `o` and `O` could not be told apart otherwise."""
    path = next(iter(glyphs.families(FONTS, 1).values()))[0].path
    heights = {character: image.getbbox() for character, image in glyphs.drawings(path, 64)}
    assert heights["O"][3] - heights["O"][1] > 1.2 * (heights["o"][3] - heights["o"][1])


def test_a_family_is_for_testing_or_not() -> None:
    names = [f"family {number}" for number in range(1000)]
    assert 150 < sum(glyphs.is_for_testing(name, 0.2) for name in names) < 250


# Parts of data sets --------------------------------------------------------------------------------------------------


def test_a_part_of_the_images(tmp_path: Path) -> None:
    for split, count in (("train", 8), ("val", 4)):
        for index in range(count):
            path = tmp_path / "images" / split / "ab"[index % 2] / f"{index}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("L", (5, 5), 10 * index).save(path)
    written = subset.write_subset(str(tmp_path / "images"), tmp_path / "part", train=4, test=None)
    assert written == {"train": 4, "test": 4, "classes": 2}
    train = open_data(str(tmp_path / "part"), "train")
    assert [train.label(index) for index in range(4)] == [0, 0, 1, 1]
    assert [int(numpy.array(train.image(index))[0, 0, 0]) for index in range(4)] == [0, 40, 10, 50]


def test_progressive_learning_is_compared_seed_by_seed() -> None:
    slow = [progressive.Run(10, top1, 1.0, seconds, 0.1) for top1, seconds in ((80.0, 200.0), (81.0, 300.0))]
    quick = [progressive.Run(12, top1, 1.0, 100.0, 0.1) for top1 in (80.5, 80.5)]
    found = progressive.versus(slow, quick)
    assert found["time"] == {"mean": 2.5, "least": 2.0, "most": 3.0}
    assert found["gain"] == {"mean": 0.0, "least": -0.5, "most": 0.5}


def test_recipes_of_the_comparison() -> None:
    """Equal are the network, the batch, the colours and the test."""
    source = read(ROOT / "benchmarks" / "training" / "v2_small.arch")
    fixed, rising, timm = (open_recipe(source, name).recipe for name in ("fixed", "progressive", "timm"))
    for name in ("batch", "epochs", "test_crop", "test_resolution", "normalization"):
        assert getattr(fixed, name) == getattr(rising, name) == getattr(timm, name)
    assert rising.phases(32)[-1].resolution == fixed.phases(32)[0].resolution == 32
    assert rising.phases(32)[-1].rand_augment == fixed.rand_augment


# Steps ---------------------------------------------------------------------------------------------------------------


def test_the_three_take_the_same_step() -> None:
    """From the same weights they come to the same weights: it is the same work that is timed."""
    case = Case("resnet_18", "resnet18", "resnet18", ())
    made = steps(case, Terms(4, 32, torch.device("cpu")))
    first = next(iter(made.values())).model.state_dict()
    for each in made.values():
        own = each.model.state_dict()
        each.model.load_state_dict(dict(zip(own, (tensor.clone() for tensor in first.values()), strict=True)))
    losses = {name: [float(each.step()) for _ in range(2)] for name, each in made.items()}
    for name in ("timm", "torchvision"):
        assert losses[name] == pytest.approx(losses["archdsl"], rel=1e-4)


def test_transforms_give_images_of_a_size() -> None:
    for name, apply in training_speed.transforms(32).items():
        assert apply().shape == (3, 32, 32), name  # type: ignore[attr-defined]


def test_what_runs_on_a_gpu_runs_on_a_cpu() -> None:
    bench = train_on_gpu.Bench(train_on_gpu.TINY, torch.device("cpu"), 2, 1, 1, (False,), profile("a100"))
    recipe = train_on_gpu.recipe_of("v2_s_paper", 8)
    rows = train_on_gpu.by_phase(bench, recipe, "tiny")
    assert [row["resolution"] for row in rows] == [16, 23, 30, 37]
    assert train_on_gpu.hours(rows) > 0
    assert train_on_gpu.fixed_hours(rows) == pytest.approx(train_on_gpu.hours(rows[-1:]) * 350 / rows[-1]["epochs"])
    memory = train_on_gpu.in_float32(bench, "tiny", 32, 16)
    assert math.isfinite(memory["error"])
