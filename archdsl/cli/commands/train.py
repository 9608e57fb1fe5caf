"""`archdsl train`: a network trained by a recipe, on images, into the folder of a run."""

from __future__ import annotations

import json
import math
import os
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from archdsl.cli.arguments import add_extern, batch, count, workers
from archdsl.cli.commands.errors import ChangesResumed, NoImages, NothingToTrain, ResumeAndForce
from archdsl.cli.commands.plan import add_recipe
from archdsl.cli.exit_codes import FINE, exit_code
from archdsl.cli.files import refuse_standard_output
from archdsl.cli.output import Output
from archdsl.cli.progress import progress
from archdsl.cli.specs import open_spec
from archdsl.cli.texts import KeptFiles
from archdsl.diagnostics import DiagnosticError
from archdsl.diagnostics.codes import CANNOT_READ, OUT_OF_MEMORY
from archdsl.trainings import open_recipe

if TYPE_CHECKING:
    from archdsl.training.start import Outcome, Subject

# Options that are settings of the recipe, with the setting and how its value is written there.
_OF_RECIPE: dict[str, Callable[[Any], str]] = {
    "epochs": lambda value: f"epochs = {value}",
    "precision": lambda value: f"precision = {value}",
    "freeze": lambda value: f"freeze = {json.dumps(value)}",
}
# Options that are kept in the run, where they are given.
_OF_RUN = (
    "data", "holdout", "skip_corrupt", "seed", "init", "batch", "micro_batch", "halve_batch", "device", "compile",
    "fsdp", "grad_checkpointing", "workers", "checkpoint_minutes", "keep",
)  # fmt: skip


def add_arguments(parser: ArgumentParser) -> None:
    parser.description = (
        "Train the network of a spec by a recipe in it, on the images in a folder. RUN receives the weights, and all "
        "that it takes to use them, to repeat the run, or to go on with it: killed at any moment, it ends with the "
        "same weights when it is resumed. Ctrl-C writes a checkpoint first."
    )
    parser.epilog = (
        "examples:\n  archdsl train net.arch --recipe quick --data images --out run\n"
        "  archdsl train --resume --out run\n"
        "  archdsl train specs/v2_s.arch --recipe fine_tune --data images --init timm:tf_efficientnetv2_s --out run\n"
        "  torchrun --nproc-per-node 8 -m archdsl train specs/v2_s.arch --recipe paper --data imagenet --out run"
    )
    parser.add_argument("spec", nargs="?", metavar="SPEC", help="an .arch file; a run that is resumed has its own")
    add_recipe(parser)
    add_extern(parser)
    parser.add_argument(
        "--data", metavar="DIR", help="the images: a folder with one for each class, or docs/training.md"
    )
    parser.add_argument("--out", required=True, metavar="RUN", help="the folder of the run")
    parser.add_argument(
        "--resume", action="store_true", help="go on from the last checkpoint of RUN, if there is a run"
    )
    parser.add_argument("--force", action="store_true", help="replace the run in RUN")

    group = parser.add_argument_group("recipe")
    group.add_argument("--epochs", type=count, metavar="N", help="instead of the recipe's")
    group.add_argument(
        "--batch", type=batch, metavar="N", help="images of a step; the learning rate follows by the recipe's rule"
    )
    group.add_argument("--freeze", metavar="PARTS", help="parts that do not learn: `stem, stages.0..2`")
    group.add_argument("--precision", choices=("auto", "float32", "bfloat16", "float16"), help="of activations")
    group.add_argument(
        "--init", metavar="FROM", help="begin with weights of `timm:NAME`, a file, or another run (default: fresh ones)"
    )
    group.add_argument("--seed", type=_seed, metavar="N", help="of all that is random (default: 0)")

    group = parser.add_argument_group("data")
    group.add_argument(
        "--holdout", type=_part, metavar="X", help="part to test on, where the data has none for it (default: 0.1)"
    )
    group.add_argument("--skip-corrupt", action="store_true", default=None, help="leave out images that cannot be read")
    group.add_argument(
        "--workers", type=workers, metavar="N", help="processes that load images, for each that trains (default: 0)"
    )

    group = parser.add_argument_group("machine")
    group.add_argument("--device", metavar="D", help="cpu, cuda or cuda:1 (default: a GPU, if there is one)")
    group.add_argument(
        "--micro-batch",
        type=batch,
        metavar="N",
        help="images that go through the network at a time, over all processes",
    )
    group.add_argument(
        "--halve-batch", action="store_true", default=None, help="halve that whenever the memory is too small"
    )
    group.add_argument(
        "--grad-checkpointing", action="store_true", default=None, help="compute layers twice to save memory"
    )
    group.add_argument("--compile", action="store_true", default=None, help="compile the network, once for each phase")
    group.add_argument("--fsdp", action="store_true", default=None, help="shard the weights over the processes")
    group.add_argument(
        "--checkpoint-minutes", type=_minutes, metavar="M",
        help="between checkpoints within an epoch; each epoch ends with one (default: 10)",
    )  # fmt: skip
    group.add_argument("--keep", type=count, metavar="N", help="checkpoints to keep beside the best (default: 2)")


def run(arguments: Namespace, output: Output) -> int:
    # torchrun says who is who; the others do as the first one, and say nothing of it.
    rank = int(os.environ.get("RANK", "0"))
    try:
        outcome = _outcome(arguments, _Report(output, is_first=rank == 0))
    except DiagnosticError as failure:
        own = [one for one in failure.diagnostics if one.code in (OUT_OF_MEMORY, CANNOT_READ)]
        if rank and not own:
            return exit_code(failure.diagnostics)
        raise
    if outcome.is_finished:
        return FINE
    if not rank:
        output.remark(f"stopped; go on with `archdsl train --resume --out {arguments.out}`")
    return 128 + (outcome.signal or 15)


def _outcome(arguments: Namespace, report: _Report) -> Outcome:
    _refuse(arguments)
    refuse_standard_output(arguments.out, "a run")
    from archdsl.training.requirements import require

    require()
    from archdsl.training.run_folder import RunFolder
    from archdsl.training.settings import Settings
    from archdsl.training.start import begin, resume

    folder = RunFolder(arguments.out)
    given = {name: value for name in _OF_RUN if (value := getattr(arguments, name)) is not None}
    if "data" in given and given["data"].partition(":")[0] != "sklearn":
        given["data"] = os.path.abspath(given["data"])
    subject = _subject(arguments) if arguments.spec is not None else None
    if arguments.resume and (folder.is_run or subject is None):
        return resume(folder, subject, given, report)
    assert subject is not None
    if "data" not in given:
        raise NoImages().error()
    if arguments.resume:
        report.remark(f"there is no run in {arguments.out} yet: it starts now")
    return begin(folder, subject, Settings(**given), report, force=arguments.force)


def _subject(arguments: Namespace) -> Subject:
    """The recipe of the spec, as the command line changes it, and its network."""
    from archdsl.training.start import Subject

    changes = [write(value) for name, write in _OF_RECIPE.items() if (value := getattr(arguments, name)) is not None]
    files = KeptFiles()
    source = open_spec(arguments.spec)
    training = open_recipe(
        source, arguments.recipe, variant=arguments.variant, settings=[*arguments.set, *changes], files=files
    )
    recipe, architecture = training.recipe, training.architecture
    sides = {phase.resolution for phase in recipe.phases(architecture.input.height)}
    for side in sides | ({recipe.test_resolution} if recipe.test_resolution else set()):
        training.at(side)  # where the network takes no such images, its diagnostic says so before anything runs
    return Subject(architecture, recipe, files.texts(source))


def _refuse(arguments: Namespace) -> None:
    """Raises DiagnosticError for options that do not go together."""
    if arguments.resume and arguments.force:
        raise ResumeAndForce().error()
    if arguments.spec is not None:
        return
    if not arguments.resume:
        raise NothingToTrain().error()
    names = [name for name in ("recipe", "variant", *_OF_RECIPE) if getattr(arguments, name) is not None]
    names += ["set"] if arguments.set else []
    if names:
        raise ChangesResumed(", ".join(f"`--{name}`" for name in names)).error()


class _Report:
    """Epochs to standard output, the rest to the person at the terminal; of several processes the first one's."""

    def __init__(self, output: Output, *, is_first: bool):
        self.output, self.is_first = output, is_first

    def line(self, text: str) -> None:
        if self.is_first:
            progress("")
            self.output.result(text)
            self.output.flush()

    def remark(self, text: str) -> None:
        if self.is_first:
            progress("")
            self.output.remark(text)

    def progress(self, text: str) -> None:
        if self.is_first:
            progress(text)


# Arguments ------------------------------------------------------------------------------------------------------------


def _seed(text: str) -> int:
    if not text.isdecimal() or int(text) >= 2**31:
        raise ArgumentTypeError(f"{text!r} is not a seed; it is a whole number from 0 on")
    return int(text)


def _minutes(text: str) -> float:
    value = _number(text)
    if not 0 < value < math.inf:
        raise ArgumentTypeError(f"{text!r} is not a number of minutes above 0")
    return value


def _part(text: str) -> float:
    value = _number(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    if not 0 <= value < 1:
        raise ArgumentTypeError(f"{text!r} is not a part from 0 to 1; write 0.1 or 10%")
    return value


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
