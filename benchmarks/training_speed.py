"""Images per second of a training step against timm's training script and torchvision's reference, and of loading.

The three steps of `training_steps` take turns; a ratio above 1 says how many times as fast ours is. Then what loading
costs: the time of the transforms for an image, beside timm's and torchvision's with the same settings, and from a real
`archdsl train` the share of its time that it waits for images. On a CUDA device where there is one, in bfloat16.
"""

from __future__ import annotations

import argparse
import csv
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import mean, median, quantiles
from time import perf_counter, process_time
from typing import Any

import torch
from PIL import Image

from archdsl.backends.table import aligned
from archdsl.ir.base import Place
from archdsl.ir.recipe import Recipe
from archdsl.ir.recipe.optimizers import SGD
from archdsl.training.data.transforms import train_transform
from archdsl.training.random import seeded
from benchmarks.measure import interleave, progress, run, write_results
from benchmarks.training_steps import CASES, Case, Terms, steps

LEAST = 1.0
# Width and height of the pictures that are loaded: the usual one of ImageNet's.
_PICTURE = (500, 375)


def timing(step: Callable[[], object], device: torch.device, count: int) -> Callable[[], float]:
    """Seconds of a step, over `count` of them. On one core its CPU time: others that want the core do not count."""
    clock = process_time if device.type == "cpu" and torch.get_num_threads() == 1 else perf_counter

    def take() -> float:
        start = clock()
        for _ in range(count):
            step()
        if device.type == "cuda":
            torch.cuda.synchronize()
        return (clock() - start) / count

    return take


def compare(case: Case, terms: Terms, rounds: int, count: int) -> dict[str, Any]:
    """A row: images per second of each, and how many times as fast ours is, with the middle half of the rounds."""
    progress(f"{case.ours}: the first steps")
    timings = {name: timing(side.step, terms.device, count) for name, side in steps(case, terms).items()}
    for take in timings.values():
        take()
    taken = interleave(timings, rounds)
    speeds = {name: round(terms.batch / median(times), 2) for name, times in taken.items()}
    ratios = {
        name: _ratio([theirs / ours for theirs, ours in zip(taken[name], taken["archdsl"], strict=True)])
        for name in ("timm", "torchvision")
    }
    setting = {"resolution": terms.resolution, "batch": terms.batch, "precision": terms.precision}
    return {"name": case.ours, **setting, "rounds": rounds, "images_per_second": speeds, "ratio": ratios}


def _ratio(ratios: list[float]) -> dict[str, float]:
    low, middle, high = quantiles(ratios, n=4) if len(ratios) > 1 else ratios * 3
    return {"median": round(middle, 3), "lower_quartile": round(low, 3), "upper_quartile": round(high, 3)}


# Loading -------------------------------------------------------------------------------------------------------------


def picture(seed: int) -> Image.Image:
    """Smooth colours with some noise, which JPEG compresses about as a photograph."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(1, 3, 12, 16, generator=generator)
    fine = torch.nn.functional.interpolate(coarse, _PICTURE[::-1], mode="bicubic")[0]
    noisy = fine + 0.05 * torch.randn(fine.shape, generator=generator)
    pixels = (noisy.clamp(0, 1) * 255).to(torch.uint8).permute(1, 2, 0).contiguous().numpy()
    return Image.fromarray(pixels)


def transforms(resolution: int, seed: int = 0) -> dict[str, Callable[[], object]]:
    """A picture through random crop, mirroring and normalization, by each; and ours with RandAugment."""
    recipe = Recipe(
        name="speed", model="any", place=Place(file="", line=1, column=1), epochs=1, batch=1, optimizer=SGD(lr=0.1)
    )
    plain = recipe.phases(resolution)[0]
    ours = {"archdsl": plain, "archdsl, RandAugment 10": plain._replace(rand_augment=10.0)}
    made: dict[str, Callable[[Image.Image], object]] = {
        name: train_transform(recipe, phase) for name, phase in ours.items()
    }
    from timm.data import create_transform
    from torchvision.transforms import v2

    made["timm"] = create_transform(resolution, is_training=True, color_jitter=None, interpolation="bicubic")
    made["torchvision"] = v2.Compose(
        [
            v2.RandomResizedCrop(resolution, interpolation=v2.InterpolationMode.BICUBIC),
            v2.RandomHorizontalFlip(),
            v2.PILToTensor(),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
        ]
    )
    image = picture(seed)
    counts = dict.fromkeys(made, 0)

    def apply(name: str) -> object:
        # The same crops for all: what they cost depends on their size.
        counts[name] += 1
        with seeded(seed, counts[name]):
            return made[name](image)

    return {name: partial(apply, name) for name in made}


def transform_costs(resolution: int, rounds: int, count: int) -> dict[str, float]:
    """Milliseconds of an image; the first is what decoding it takes."""
    device = torch.device("cpu")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "picture.jpg"
        picture(0).save(path, quality=90)
        actions: dict[str, Callable[[], object]] = {"decoding": lambda: Image.open(path).convert("RGB").load()}
        actions |= transforms(resolution)
        taken = interleave({name: timing(action, device, count) for name, action in actions.items()}, rounds)
    return {name: round(1000 * median(times), 3) for name, times in taken.items()}


def loading(case: Case, terms: Terms, images: int, workers: int) -> dict[str, Any]:
    """The share of its time that a real run waits for images: fine-tuning by a recipe that ships, with RandAugment."""
    file, recipe, *variant = case.recipe
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for index in range(images):
            path = folder / "images" / f"class_{index % 2}" / f"{index}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            picture(index % 50).save(path, quality=90)
        command = [sys.executable, "-m", "archdsl", "train", f"archdsl:recipes/{file}.arch", "--recipe", recipe]
        command += ["--variant", variant[0]] if variant else []
        for setting in ("resolution", "test_resolution"):
            command += ["--set", f"{setting} = {terms.resolution}"]
        command += ["--set", "schedule = constant", "--epochs", "2", "--batch", str(terms.batch)]
        command += ["--data", str(folder / "images"), "--out", str(folder / "run"), "--workers", str(workers)]
        command += ["--device", terms.device.type, "--precision", terms.precision]
        run(command, {"OMP_NUM_THREADS": str(torch.get_num_threads())})
        with (folder / "run" / "metrics.csv").open() as metrics:
            last = list(csv.DictReader(metrics))[-1]  # in the first epoch, torch chooses its kernels
    share, speed = float(last["loading"]), float(last["images_per_second"])
    return {"name": case.ours, "workers": workers, "images_per_second": round(speed, 1), "loading": round(share, 3)}


# Report --------------------------------------------------------------------------------------------------------------


def show(rows: list[dict[str, Any]]) -> None:
    header = ["training step, images/s", "px", "batch", "", "archdsl", "timm", "torchvision", "x timm", "x torchvision"]
    cells = []
    for row in rows:
        speeds = [f"{speed:,.1f}" for speed in row["images_per_second"].values()]
        ratios = [
            f"{ratio['median']:.2f} ({ratio['lower_quartile']:.2f} to {ratio['upper_quartile']:.2f})"
            for ratio in row["ratio"].values()
        ]
        cells.append([row["name"], str(row["resolution"]), str(row["batch"]), row["precision"], *speeds, *ratios])
    print(aligned(header, cells, "<>><>>>>>"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="on a CPU (default: 1)")
    parser.add_argument("--resolution", type=int, metavar="R", help="(default: 128 on a CPU, 224 on a GPU)")
    parser.add_argument("--batch", type=int, metavar="N", help="(default: 16 on a CPU, 128 on a GPU)")
    parser.add_argument("--rounds", type=int, default=7, metavar="N", help="how often to time each (default: 7)")
    parser.add_argument("--quick", action="store_true", help="one small network, little of each, and no result: a try")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    device = torch.device("cuda" if torch.cuda.is_available() and not arguments.quick else "cpu")
    is_gpu = device.type == "cuda"
    if not is_gpu:
        print("no CUDA device here, or not wanted: on the CPU alone")
    resolution = arguments.resolution or (224 if is_gpu else 128)
    terms = Terms(arguments.batch or (128 if is_gpu else 16), resolution, device, "bfloat16" if is_gpu else "float32")
    cases, rounds, count, images = CASES, arguments.rounds, 20 if is_gpu else 1, 2000 if is_gpu else 64
    if arguments.quick:
        terms, cases, rounds, images = Terms(4, 32, device), CASES[2:3], 2, 40

    rows = [compare(case, terms, rounds, count) for case in cases]
    show(rows)
    costs = transform_costs(terms.resolution, rounds, 3 if arguments.quick else 20)
    for name, cost in costs.items():
        print(f"{name:28} {cost:.2f} ms an image of {_PICTURE[0]} x {_PICTURE[1]}, to {terms.resolution} px")
    waits = [loading(case, terms, images, workers) for case in cases for workers in ((0, 8) if is_gpu else (0,))]
    for found in waits:
        print(
            f"{found['name']}, {found['workers']} workers: {found['images_per_second']:,.1f} images/s, "
            f"{found['loading']:.1%} of the time waiting for images"
        )
    medians = [ratio["median"] for row in rows for ratio in row["ratio"].values()]
    requirement = {
        "text": f"a ratio of at least {LEAST:.1f} to both",
        "found": f"{min(medians):.2f} to {max(medians):.2f}, {mean(medians):.2f} on average",
        "met": min(medians) >= LEAST,
    }
    print(f"required: {requirement['text']}\nfound: {requirement['found']}")
    if not arguments.quick:
        place = torch.cuda.get_device_name() if is_gpu else f"CPU, {arguments.threads} thread(s)"
        results = {"place": place, "requirement": requirement, "rows": rows, "transforms_ms": costs, "loading": waits}
        write_results("training_speed_cuda" if is_gpu else "training_speed", results, command="training_speed")


if __name__ == "__main__":
    main()
