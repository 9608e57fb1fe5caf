"""Every kind of problem of a run is shown, here or by a training in `test_loop.py`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

import archdsl
from archdsl.diagnostics import DiagnosticError, Problem
from archdsl.training import errors, requirements
from archdsl.training.checkpoint import Checkpoint, Facts
from archdsl.training.devices import device_of, precision_of
from archdsl.training.distributed import Processes
from archdsl.training.learner import Learner, build
from archdsl.training.run_folder import RunFolder
from archdsl.training.settings import Settings
from archdsl.training.start import Subject, begin
from tests.training.recipes import recipe

NET = "model tiny {\n  input = 1 x 8 x 6\n  stem = conv(8, kernel = 3)\n  head = global_avg_pool -> linear(10)\n}\n"
SERIES = NET.replace("1 x 8 x 6", "1 x 64")
CPU = torch.device("cpu")


class Silent:
    def line(self, text: str) -> None: ...
    def remark(self, text: str) -> None: ...
    def progress(self, text: str) -> None: ...


def run(text: str = NET, **settings: object) -> Callable[[], object]:
    """Begins a run of a network that is not square, or another one."""

    def call() -> object:
        subject = Subject(archdsl.loads(text).architecture, recipe())
        return begin(RunFolder("run"), subject, Settings(data="sklearn:digits", **settings), Silent())

    return call


def learner(model: nn.Module, *, world: int = 1, sync: bool = False, **settings: object) -> Callable[[], object]:
    made = recipe(sync_batch_norm=sync)
    chosen = Settings(data="", **settings)
    return lambda: Learner(model, made, chosen, 10, CPU, "float32", Processes(0, world), classifiers=())


def text_in_the_way() -> None:
    Path("run").mkdir()
    Path("run/notes.txt").write_text("")
    RunFolder("run").begin()


def disk_in_the_way() -> None:
    Path("run").write_text("")
    RunFolder("run").begin()


CASES: dict[str, Callable[[], object]] = {
    "FolderInTheWay": text_in_the_way,
    "NoRun": lambda: RunFolder("run").facts(),
    "RunNotSaved": disk_in_the_way,
    "BadCheckpoint": lambda: Checkpoint(Path("none"), Facts(1, 0)).load(),
    "MissingDevice": lambda: device_of("tpu"),
    "PrecisionNotHere": lambda: precision_of("float16", CPU),
    "NoClassifierToTrain": lambda: build(archdsl.loads(NET.replace(" -> linear(10)", "")).architecture, 10, 0),
    "NotSquare": run(),
    "SeriesNotTrained": run(SERIES),
    "UnusedHoldout": run(holdout=0.2),
    "ShardingAlone": run(fsdp=True),
    "SyncOnCPU": learner(nn.BatchNorm2d(3), world=2, sync=True),
    "NoCheckpointing": learner(nn.Linear(3, 3), grad_checkpointing=True),
}
IN_TRAININGS = {
    "BatchTooLarge", "Diverged", "FewImages", "RunDiffers", "RunExists", "RunInUse", "UnevenBatch",
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_case_shows_its_problem(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DiagnosticError) as failure:
        CASES[name]()
    assert [diagnostic.problem for diagnostic in failure.value.diagnostics] == [name]


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(requirements._NEEDED, "no_such_module", "no-such-package")
    with pytest.raises(DiagnosticError, match="training needs no-such-package"):
        requirements.require()


def test_every_problem_is_shown() -> None:
    kinds = {kind.__name__ for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Problem)}
    assert kinds - {"Problem"} == (CASES.keys() - {"UnusedHoldout"}) | IN_TRAININGS | {"MissingOfTraining"}
