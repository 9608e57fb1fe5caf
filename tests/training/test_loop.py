"""Trainings on scikit-learn's digits, as processes of their own: what they learn, and what may happen to them."""

from __future__ import annotations

import csv
import json
import os
import resource
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from archdsl.training.checkpoint import Checkpoints
from archdsl.training.data.bundled import digit_images
from archdsl.training.metrics import EpochRow, StepRow, read
from tests.training.kills import (
    TEXT,
    arguments,
    difference,
    ended,
    killed,
    killed_after_step,
    main_steps,
    prepare,
    started,
    trained,
)
from tests.warm import Process


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("runs")
    prepare(made)
    trained(made, "whole")
    return made


def failed(folder: Path, out: str, *more: str, code: int = 2) -> str:
    """What a training prints that ends with an exit code."""
    log = folder / f"{out}.log"
    found = ended(started(arguments(folder, out, *more), log))
    text = log.read_text()
    assert found == code, text
    assert "bug of archdsl" not in text
    return text


def at_step(run: Path, least: int, child: int) -> None:
    """Waits until a run has a checkpoint of so many steps."""
    checkpoints = Checkpoints(run / "checkpoints")
    while True:
        latest = checkpoints.latest()
        if latest is not None and latest.facts.step >= least:
            return
        assert ended(child, 0.002) is None


# Killed and resumed ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("workers", "count"), [(0, 3), (2, 1)])
def test_killed_and_resumed_it_ends_with_the_same_weights(workers: int, count: int, folder: Path) -> None:
    """`python -m tests.training.kills` does so more often."""
    out = f"killed{workers}"
    result = killed(folder, out, count, workers, "--workers", str(workers), span=0.3)
    assert len(result.steps) == count
    assert difference(folder / out, folder / "whole") == ""


@pytest.mark.parametrize("workers", [0, 2])
def test_killed_in_fixres_it_ends_with_the_same_weights(workers: int, folder: Path) -> None:
    """And before that while the batch norms of the averaged weights are counted anew, of which nothing is kept yet."""
    out, more = f"tuned{workers}", ("--workers", str(workers))
    begun = main_steps(192)
    assert killed_after_step(folder, out, begun, 0.005, *more) < begun
    result = killed(folder, out, 2, workers, *more, span=0.1, least=begun)
    assert len(result.steps) == 2
    assert min(result.steps) >= begun
    assert difference(folder / out, folder / "whole") == ""


def test_it_ends_the_same_in_another_place_and_by_its_own_recipe(folder: Path) -> None:
    """A run is resumed without its spec, which may have changed since, or be gone."""
    argv = arguments(folder, "moved", "--checkpoint-minutes", "0.001")
    child = started(argv, folder / "moved.log")
    at_step(folder / "moved", 3, child)
    os.kill(child, signal.SIGKILL)
    ended(child)
    (folder / "moved").rename(folder / "elsewhere")
    code = ended(started(["train", "--resume", "--out", str(folder / "elsewhere")], folder / "moved.log"))
    assert code == 0, (folder / "moved.log").read_text()
    assert difference(folder / "elsewhere", folder / "whole") == ""


@pytest.mark.parametrize("asked", [signal.SIGINT, signal.SIGTERM])
def test_asked_to_stop_it_writes_a_checkpoint_and_says_how_to_go_on(asked: signal.Signals, folder: Path) -> None:
    out = f"stopped{asked.value}"
    child = started(arguments(folder, out, "--workers", "1"), folder / f"{out}.log")
    while not (folder / out / "steps.csv").exists() or len((folder / out / "steps.csv").read_text().splitlines()) < 4:
        assert ended(child, 0.002) is None
    os.kill(child, asked)
    assert ended(child) == 128 + asked.value
    latest = Checkpoints(folder / out / "checkpoints").latest()
    assert latest is not None
    rows = read(folder / out / "steps.csv", StepRow)
    assert latest.facts.step == rows[-1].step
    text = (folder / f"{out}.log").read_text()
    assert f"stopped; go on with `archdsl train --resume --out {folder / out}`" in text
    assert "Traceback" not in text
    trained(folder, out, "--resume")
    assert difference(folder / out, folder / "whole") == ""


# What a run leaves ----------------------------------------------------------------------------------------------------


def test_what_a_run_leaves(folder: Path) -> None:
    run = folder / "whole"
    names = {path.name for path in run.iterdir()}
    assert names >= {
        *("architecture.json", "checkpoints", "curves.svg", "metrics.csv", "recipe.json", "run.json", "spec"),
        *("steps.csv", "tensorboard", "tiny.py", "weights.safetensors"),
    }
    assert (run / "spec" / "net.arch").read_text() == TEXT
    facts = json.loads((run / "run.json").read_text())
    assert facts["classes"] == [str(digit) for digit in range(10)]
    assert facts["preprocessing"] == {"channels": 1, "resolution": 10, "crop": 0.875, "normalization": "centered"}
    assert facts["seed"] == 3
    assert [session["step"] for session in facts["sessions"]] == [0]
    rows = read(run / "metrics.csv", EpochRow)
    assert [(row.epoch, row.resolution) for row in rows] == [(1, 8), (2, 10), (3, 10)]
    with open(run / "steps.csv") as file:
        rates = [float(row["lr"]) for row in csv.DictReader(file)]
    assert rates[-1] == 0.01  # of FixRes
    assert rates[0] == 0.0
    assert max(rates) <= 0.01


def test_the_weights_are_those_of_the_emitted_source(folder: Path) -> None:
    names: dict[str, object] = {}
    exec((folder / "whole" / "tiny.py").read_text(), names)
    make = names["tiny"]
    assert callable(make)
    model = make(num_classes=10)
    model.load_state_dict(load_file(folder / "whole" / "weights.safetensors"))
    model.eval()
    with torch.no_grad():
        assert model(torch.zeros(2, 1, 10, 10)).shape == (2, 10)


def test_in_fixres_the_classifier_and_the_norms_alone_learn(folder: Path) -> None:
    before, after = Checkpoints(folder / "whole" / "checkpoints").all()[-2:]
    assert after.facts.step - before.facts.step == 8
    start, end = before.load()["average"], after.load()["model"]
    changed = {name for name in start if not torch.equal(start[name], end[name])}
    assert "classifier.weight" in changed
    assert [name for name in changed if ".norm" not in name and not name.startswith("classifier.")] == []


# What goes wrong ------------------------------------------------------------------------------------------------------


def test_a_loss_that_is_no_number_stops_it(folder: Path) -> None:
    text = failed(
        folder, "nan", "--checkpoint-minutes", "1e-6", "--set", "optimizer = sgd(1e30)", "--set", "clip = none"
    )
    assert "error[ARC921]: the loss is " in text
    step = int(text.partition(" at step ")[2].split()[0])
    assert 1 < step < 8
    latest = Checkpoints(folder / "nan" / "checkpoints").latest()
    assert latest is not None
    assert f"the checkpoint of step {latest.facts.step} is whole" in text
    assert latest.facts.step < step
    assert all(bool(tensor.isfinite().all()) for tensor in latest.load()["model"].values())


def limited(limit: Callable[[], None], argv: list[str], log: Path) -> int | None:
    """The exit code of a training in a process that may use no more than some limit."""
    child = os.fork()
    if not child:
        limit()
        os._exit(ended(started(argv, log)) or 0)
    return ended(child)


def in_little_memory(argv: list[str]) -> tuple[int, str]:
    """The exit code of a training that may use 800 MB beside its code, and what it prints.

    Not forked from the tests: there it would find all the memory that those before have freed.
    """
    process = Process(argv, {**os.environ, "OMP_NUM_THREADS": "1"}, memory=800_000_000)
    said = "".join(process.communicate(300))
    return process.wait(0), said


LARGE = ("--set", "progressive = none", "--set", "resolution = 160", "--batch", "192", "--set", "accumulate = 1")


def test_a_batch_that_does_not_fit_is_refused_with_one_that_may(folder: Path) -> None:
    code, text = in_little_memory(arguments(folder, "large", *LARGE))
    assert code == 2, text
    assert "error[ARC922]: 192 images of 160 x 160 do not fit the memory of a CPU with 1 threads" in text
    assert "let a step take its batch in parts, `--micro-batch 96`, or have the size found: `--halve-batch`" in text


def test_a_batch_that_does_not_fit_is_halved_on_request(folder: Path) -> None:
    argv = arguments(folder, "halved", *LARGE, "--halve-batch", "--set", "fixres = none", "--epochs", "1")
    code, text = in_little_memory(argv)
    assert code == 0, text
    assert "192 images do not fit the memory at 160 px: a step now takes its 192 in 2 parts of 96" in text
    latest = Checkpoints(folder / "halved" / "checkpoints").latest()
    assert latest is not None
    assert latest.facts.accumulate >= 2
    assert latest.facts.step == 1


def test_a_corrupt_image_can_be_left_out_from_then_on(folder: Path) -> None:
    """Which changes no step that was taken: none had the image."""
    images, classes = digit_images("sklearn:digits")
    for number, (image, label) in enumerate(zip(images[:80], classes[:80], strict=True)):
        path = folder / "pictures" / ("train" if number < 48 else "test") / str(label) / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray((image * 15).astype("uint8")).save(path)
    (folder / "pictures" / "train" / "0" / "0.png").write_bytes(b"half of it")
    more = ("--data", str(folder / "pictures"))
    text = failed(folder, "corrupt", *more)
    assert "0.png cannot be read as an image" in text
    trained(folder, "corrupt", *more, "--resume", "--skip-corrupt")
    trained(folder, "left_out", *more, "--skip-corrupt")
    assert difference(folder / "corrupt", folder / "left_out") == ""


def test_a_disk_that_is_full_leaves_the_last_checkpoint(folder: Path) -> None:
    def small_files() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))

    code = limited(small_files, arguments(folder, "full"), folder / "full.log")
    text = (folder / "full.log").read_text()
    assert code == 2, text
    assert "error[ARC902]: cannot write" in text
    assert "file too large" in text
    assert "there is no checkpoint yet; make room" in text
    trained(folder, "full", "--resume")
    assert difference(folder / "full", folder / "whole") == ""


def test_a_second_training_does_not_write_to_the_same_folder(folder: Path) -> None:
    child = started(arguments(folder, "busy", "--epochs", "200"), folder / "busy.log")
    at_step(folder / "busy", 1, child)
    text = failed(folder, "busy", "--resume", "--epochs", "200")
    assert f"another training writes to {folder / 'busy'} (process {child} on " in text
    os.kill(child, signal.SIGKILL)
    ended(child)
    assert "lower" not in failed(folder, "busy", "--epochs", "3")


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ((), "holds a run already: `tiny by quick`, finished"),
        (("--resume", "--seed", "4"), "was started with another seed: 3, not 4"),
        (("--resume", "--batch", "32"), "was started with another batch: None, not 32"),
        (("--resume", "--epochs", "9"), "was started with another `epochs` in its recipe: 2, not 9"),
        (("--resume", "--force"), "`--resume` goes on with a run, and `--force` replaces it"),
    ],
    ids=str,
)
def test_a_run_is_not_overwritten_and_not_resumed_as_another(
    more: tuple[str, ...], message: str, folder: Path, tmp_path: Path
) -> None:
    before = {path: path.stat().st_mtime_ns for path in (folder / "whole").rglob("*")}
    log = tmp_path / "log"
    code = ended(started([*arguments(folder, "whole"), *more], log))
    assert (code, message in log.read_text()) == (2, True), log.read_text()
    assert {path: path.stat().st_mtime_ns for path in (folder / "whole").rglob("*")} == before


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (("--batch", "2000"), "192 training images are less than one batch of 2000"),
        (("--batch", "25"), "a batch of 25 does not divide into 2 equal parts: `accumulate = 2`"),
        (("--micro-batch", "18"), "a batch of 24 does not divide into 1 equal parts"),
        (("--device", "tpu"), "there is no device `tpu` here"),
        (("--device", "cuda:7"), "there is no device `cuda:7` here"),
        (("--precision", "float16"), "a CPU does not train in float16"),
        (("--fsdp",), "`--fsdp` shards a network over processes, and there is one"),
        (("--freeze", "stem, stage"), "has no part `stage` to freeze"),
        (("--workers", "-1"), "is not a number of processes"),
        (("--checkpoint-minutes", "0"), "is not a number of minutes above 0"),
        (("--holdout", "1.5"), "is not a part from 0 to 1"),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused_before_anything_runs(more: tuple[str, ...], message: str, folder: Path) -> None:
    text = failed(folder, f"refused{'-'.join(more)}", *more)
    assert message in text
    assert not (folder / f"refused{'-'.join(more)}").exists()


def test_activations_computed_twice_give_the_same_weights(folder: Path) -> None:
    """Statistics of batch norms are counted twice as well, which is another momentum, and no other gradient."""
    trained(folder, "twice", "--grad-checkpointing")
    assert (folder / "twice" / "steps.csv").read_bytes() == (folder / "whole" / "steps.csv").read_bytes()
    expected, found = (load_file(folder / out / "weights.safetensors") for out in ("whole", "twice"))
    learned = [name for name in expected if ".running_" not in name and "num_batches" not in name]
    assert all(torch.equal(expected[name], found[name]) for name in learned)


def test_low_precision_learns(folder: Path) -> None:
    trained(folder, "bfloat16", "--precision", "bfloat16")
    expected, found = (read(folder / out / "metrics.csv", EpochRow) for out in ("whole", "bfloat16"))
    for one, other in zip(expected, found, strict=True):
        assert one.train_loss == pytest.approx(other.train_loss, rel=0.05)
        assert one.train_loss != other.train_loss


SHORT = ("--epochs", "1", "--set", "fixres = none", "--set", "progressive = none")


def test_a_run_is_started_by_resume_where_there_is_none(folder: Path) -> None:
    """As a job that a cluster starts again would."""
    text = trained(folder, "again", *SHORT, "--resume")
    assert f"there is no run in {folder / 'again'} yet: it starts now" in text
    text = trained(folder, "again", *SHORT, "--resume")
    assert "is finished; there is nothing to resume" in text
