"""`archdsl search`: the best networks of a space for an objective, found by one worker or many."""

from __future__ import annotations

import os
import shlex
import time
from argparse import SUPPRESS, ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from archdsl.cli.arguments import cores, count
from archdsl.cli.collector import collect_from_here
from archdsl.cli.commands.errors import (
    JoinWithout,
    JoinWithSpec,
    NothingToSearch,
    NotOfJoin,
    TwoPlaces,
    TwoStudies,
    UnusedOfSearch,
)
from archdsl.cli.exit_codes import FINE
from archdsl.cli.files import refuse_standard_output
from archdsl.cli.output import Output
from archdsl.cli.progress import progress
from archdsl.cli.specs import open_spec
from archdsl.cli.texts import KeptFiles
from archdsl.diagnostics.render import printable
from archdsl.search.errors import OtherArchdsl
from archdsl.search.requirements import require
from archdsl.search.settings import AlgorithmName, SearchSettings, StopEarly
from archdsl.version import __version__

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial

    from archdsl.search.study import Study
    from archdsl.search.view import View

# Words in the place of a file, with the folder of a study after them. A file of such a name is `./status`.
STATUS, PAGE = "status", "page"
# Options that a study keeps: whoever joins it does the same.
_OF_STUDY = (
    "objective", "device", "measure", "algorithm", "trials", "seed", "stop_early", "recipe", "data", "validation",
    "skip_corrupt", "share_weights", "keep", "grace",
)  # fmt: skip
# What each use of the command takes; it refuses the rest, which it would not look at.
_PLACE, _WORK = ("out", "storage", "study"), ("data", "jobs", "quiet", "helper")
_SEARCH, _JOIN = "", "--join"
_TAKES = {
    _SEARCH: (*_PLACE, *_WORK, "space", "set", *_OF_STUDY),
    _JOIN: ("join", *_PLACE, *_WORK),
    STATUS: (*_PLACE, "output_format"),
    PAGE: _PLACE,
}
_OPTIONS = tuple(dict.fromkeys(name for names in _TAKES.values() for name in names))


def add_arguments(parser: ArgumentParser) -> None:
    parser.description = (
        "Search a space, a model with choices such as `kernel = {3, 5}` in it, for the networks that are best by its "
        "`objective`. What comes of it is written to a folder: the study with all its trials, the best network as an "
        ".arch file, and a page. Killed at any moment, it goes on by `--join`; so do further workers, on any machine "
        "that reaches the storage."
    )
    parser.epilog = (
        "examples:\n"
        "  archdsl search space.arch --out study --objective 'front(naswot, macs)' --data images --algorithm nsga2\n"
        "  archdsl search space.arch --out study --recipe quick --data images --trials 200 --jobs 4\n"
        "  archdsl search --join --out study                    go on, or help along\n"
        "  archdsl search status study                          what has been found so far\n"
        "  archdsl search page study                            the same as a page, and the best networks\n"
        "  archdsl search space.arch --out study --storage postgresql://user@host/database --study first\n"
        "  archdsl search --join --storage postgresql://user@host/database --study first --out here --data images"
    )
    parser.add_argument("spec", nargs="?", metavar="SPEC", help="an .arch file, or `status` or `page` with a study")
    parser.add_argument("of", nargs="?", metavar="DIR", help="of `status` and `page`: the folder of a study")
    parser.add_argument("--space", metavar="V", help="the model or variant, where the file has several spaces")
    parser.add_argument("--out", metavar="DIR", help="the folder of the study")
    parser.add_argument("--join", action="store_true", help="go on with a study, beside the others that work on it")

    group = parser.add_argument_group("search")
    group.add_argument("--objective", metavar="E", help="instead of the space's: `front(accuracy, latency(phone))`")
    group.add_argument("--trials", type=count, metavar="N", help="networks to try (default: 100; of a grid all)")
    group.add_argument("--algorithm", choices=get_args(AlgorithmName), help="what proposes networks (default: tpe)")
    group.add_argument("--seed", type=_seed, metavar="N", help="of all that is random (default: 0)")

    group = parser.add_argument_group("judging")
    group.add_argument("--recipe", metavar="NAME", help="the recipe that trains for `accuracy` (default: the only one)")
    group.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="a setting of the recipe: `epochs=3`"
    )
    group.add_argument("--data", metavar="DIR", help="images, as for `archdsl train`; test images are not looked at")
    group.add_argument(
        "--validation", type=_part, metavar="X", help="part of the training images to judge by (default: 0.2)"
    )
    group.add_argument("--skip-corrupt", action="store_true", default=None, help="leave out images that cannot be read")
    group.add_argument("--stop-early", choices=get_args(StopEarly), help="end poor trainings (default: none)")
    group.add_argument("--device", metavar="NAME|FILE", help="of `latency` and `step_time` that name no device")
    group.add_argument("--measure", choices=("cpu", "cuda"), help="measure those on this machine instead")
    group.add_argument(
        "--share-weights",
        action="store_true",
        default=None,
        help="begin each training with what fits of the network most alike that has been trained",
    )
    group.add_argument("--keep", action="store_true", default=None, help="keep the checkpoints of all trainings")

    group = parser.add_argument_group("workers")
    group.add_argument(
        "--jobs", type=_jobs, metavar="N", help="workers on this machine (default: 1); 0 has others work"
    )
    group.add_argument("--storage", metavar="URL", help="postgresql://user:password@host/database (default: a file)")
    group.add_argument("--study", metavar="NAME", help="its name in the storage (default: that of the space)")
    group.add_argument(
        "--grace", type=count, metavar="S", help="a worker without a sign of life for S seconds is dead (default: 90)"
    )
    group.add_argument("--quiet", action="store_true", help="print no trials")
    group.add_argument("--helper", action="store_true", help=SUPPRESS)
    parser.add_argument("--output-format", choices=("text", "json"), help="of `status` (default: text)")


def run(arguments: Namespace, output: Output) -> int:
    require(arguments.storage)
    if arguments.spec in (STATUS, PAGE):
        _refuse_unused(arguments.spec, arguments)
        return _looked_at(arguments, output)
    if arguments.of is not None:
        raise TwoPlaces(arguments.spec, arguments.of).error()
    collect_from_here()
    study = _joined(arguments, output) if arguments.join else _created(arguments)
    arguments.jobs = 1 if arguments.jobs is None else arguments.jobs
    if not arguments.jobs:
        output.remark(f"nobody works on it yet: `archdsl search --join {_address(study, arguments)}`")
        return FINE
    return _work(study, arguments, output)


def _refuse_unused(use: str, arguments: Namespace) -> None:
    """Raises DiagnosticError where an option is given that a use of the command does not look at."""
    unused = [name for name in _given(arguments) if name not in _TAKES[use]]
    if unused:
        command = f"archdsl search {use}".strip()
        raise UnusedOfSearch(command, _written(unused), _written(_TAKES[use])).error()


def _given(arguments: Namespace) -> list[str]:
    """The options that are given, by name; `--jobs 0` is."""
    values = {name: getattr(arguments, name) for name in _OPTIONS}
    return [name for name, value in values.items() if value not in (None, []) and value is not False]


def _written(names: Sequence[str]) -> str:
    """Options as they are written."""
    return ", ".join(f"`--{name.replace('_', '-')}`" for name in names if name != "helper")


def _address(study: Study, arguments: Namespace) -> str:
    """Options that lead to a study, without a password."""
    from archdsl.search.addresses import without_password

    if arguments.storage is None:
        return f"--out {shlex.quote(str(study.folder))}"
    return f"--storage {shlex.quote(without_password(study.url))} --study {shlex.quote(study.name)} --out DIR"


def _looked_at(arguments: Namespace, output: Output) -> int:
    if arguments.of is not None and arguments.out is not None:
        raise TwoStudies(arguments.spec, arguments.of, arguments.out).error()
    folder, is_json = Path(arguments.of or arguments.out or "."), arguments.output_format == "json"
    if arguments.spec == PAGE:
        return _write(_opened(folder, arguments), output)
    from archdsl.search.glance import glance
    from archdsl.search.summary import as_json, as_text

    study = glance(folder, arguments.storage, arguments.study, choices=is_json) or _opened(folder, arguments)
    output.result(as_json(study) if is_json else as_text(study))
    return FINE


def _opened(folder: Path, arguments: Namespace) -> Study:
    """A study whose trials are settled."""
    from archdsl.search.study import Study

    study = Study.join(folder, arguments.storage, arguments.study)
    study.settle()
    return study


def _write(study: View, output: Output, say: Callable[[str], None] | None = None) -> int:
    """Writes what came of a study: the page whatever happens, and the best networks where there are any."""
    from archdsl.search.page.document import write_page
    from archdsl.search.winners import write_winners

    say = say or output.result
    page = write_page(study)
    try:
        paths = write_winners(study)
    finally:
        say(f"wrote {printable(str(page))}")
    names = str(paths[0]) if len(paths) == 1 else f"{len(paths)} files in {paths[0].parent}"
    say(f"wrote {printable(names)}")
    return FINE


# The study ------------------------------------------------------------------------------------------------------------


def _created(arguments: Namespace) -> Study:
    """Raises DiagnosticError before anything is written where something is wrong with what is asked for."""
    if arguments.spec is None:
        raise NothingToSearch().error()
    if arguments.out is None:
        raise JoinWithout("a search needs a folder for what it finds", "--out DIR").error()
    _refuse_unused(_SEARCH, arguments)
    refuse_standard_output(arguments.out, "a study")
    from archdsl.search.evaluation.evaluator import Evaluator, check_given
    from archdsl.search.samplers.algorithms import fitted
    from archdsl.search.study import Study
    from archdsl.search_space.objective import Objective
    from archdsl.spaces import open_space

    files = KeptFiles()
    source = open_spec(arguments.spec)
    space = open_space(source, arguments.space, files=files)
    texts = files.texts(source)
    given = {name: value for name in _OF_STUDY if (value := getattr(arguments, name)) is not None}
    given["data"] = _absolute(given.get("data"))
    settings = SearchSettings(
        spec=next(iter(texts)),
        space=arguments.space,
        set=tuple(arguments.set),
        **given,
    )
    objective = Objective(space, settings.objective, settings.device, is_measured=settings.measure is not None)
    # That any network is left is better known now than after thousands of trials.
    space.pruning.draw(1, settings.seed, None, "its `require` lines")
    check_given(objective, settings)
    settings = fitted(settings, space, objective)
    folder = Path(arguments.out)
    Evaluator(space, objective, source, texts, settings, folder)  # whatever it refuses, it refuses now
    return Study.create(folder, arguments.storage, arguments.study or space.name, settings, texts, objective)


def _joined(arguments: Namespace, output: Output) -> Study:
    from archdsl.search.study import Study

    if arguments.spec is not None:
        raise JoinWithSpec(arguments.spec).error()
    changed = [name for name in _given(arguments) if name in (*_OF_STUDY, "space", "set") and name not in _TAKES[_JOIN]]
    if changed:
        raise NotOfJoin(_written(changed)).error()
    _refuse_unused(_JOIN, arguments)
    if arguments.out is None and arguments.storage is None:
        raise JoinWithout("there is no study to join", "--out DIR, or --storage URL --study NAME").error()
    if arguments.out is None and (arguments.study is None or not _is_plain(arguments.study)):
        raise JoinWithout("a worker needs a folder for what it finds", "--out DIR").error()
    study = Study.join(Path(arguments.out or arguments.study), arguments.storage, arguments.study)
    if study.said["version"] != __version__:
        output.warnings([OtherArchdsl(study.said["version"], __version__).at(None)])
    if arguments.data is not None:
        study.settings = study.settings.model_copy(update={"data": _absolute(arguments.data)})
    return study


def _is_plain(name: str) -> bool:
    return name == Path(name).name and name not in (".", "..")


def _absolute(data: str | None) -> str | None:
    return os.path.abspath(data) if data is not None and data.partition(":")[0] != "sklearn" else data


# The work -------------------------------------------------------------------------------------------------------------


def _work(study: Study, arguments: Namespace, output: Output) -> int:
    from archdsl.search.evaluation.evaluator import Evaluator
    from archdsl.search.processes import Helpers
    from archdsl.search.winners import without_files
    from archdsl.search.worker import Worker

    shown = _Lines(study, output if not arguments.quiet else None)
    evaluator = Evaluator(
        study.space, study.objective, study.source, study.texts, study.settings, study.folder,
        progress=progress, remark=output.remark if not arguments.quiet else _nothing,
    )  # fmt: skip
    worker = Worker(study, evaluator, shown.more, output.remark)
    shown.begin()
    if not arguments.helper:
        output.warnings(without_files(study.space))
    threads = max(1, cores() // arguments.jobs)
    if arguments.jobs > 1 and evaluator.needs_torch:
        import torch

        torch.set_num_threads(threads)
    with Helpers(arguments.jobs - 1, _of_helper(study, arguments), threads) as helpers:
        signal = worker.run()
        if signal:
            helpers.stop()
    progress("")
    shown.rest()
    if signal:
        if not arguments.quiet:
            output.remark(f"stopped; go on with `archdsl search --join --out {shlex.quote(str(study.folder))}`")
        return 128 + signal
    # Workers that another one has started leave it to that one.
    return FINE if arguments.helper else _finish(study, output, quiet=arguments.quiet)


def _of_helper(study: Study, arguments: Namespace) -> list[str]:
    given = ["--out", str(study.folder)]
    for name in ("storage", "study", "data"):
        if arguments.join or name != "data":
            value = getattr(arguments, name)
            given += [f"--{name}", value] if value is not None else []
    return given


def _finish(study: Study, output: Output, *, quiet: bool) -> int:
    from archdsl.search.summary import as_text

    if not quiet:
        output.result(f"\n{as_text(study)}\n")
    return _write(study, output, _nothing if quiet else None)


class _Lines:
    """A line for each trial that came to an end, whichever worker it is of."""

    def __init__(self, study: Study, output: Output | None):
        self.study, self.output = study, output
        self.began = time.monotonic()
        self._shown: set[int] = set()
        self._front: list[Sequence[float]] = []

    def begin(self) -> None:
        """What is searched; trials of an earlier session are not shown again."""
        from archdsl.search.outcomes import is_finished
        from archdsl.search_space.open_models import counted

        if self.output is None:
            return
        study, settings = self.study, self.study.settings
        before = [trial for trial in study.trials() if is_finished(trial)]
        for trial in before:
            self._shown.add(trial.number)
            self._is_best(trial)
        goals = ", ".join(study.said["goals"])
        of = f"{len(before):,} of {settings.trials:,} trials are done" if before else f"{settings.trials:,} trials"
        self._say(
            f"{study.space.name}: {goals} among {counted(study.space.size)} networks; {of}, by {settings.algorithm}"
        )

    def more(self, trial: FrozenTrial) -> None:
        """After a trial of this worker."""
        self.rest()

    def rest(self) -> None:
        """Shows those that are not shown yet."""
        from archdsl.search.outcomes import is_finished

        if self.output is None:
            return
        trials = [trial for trial in self.study.trials() if is_finished(trial)]
        new = [trial for trial in trials if trial.number not in self._shown]
        for trial in sorted(new, key=lambda one: one.datetime_complete or one.datetime_start):  # type: ignore[arg-type, return-value]
            self._shown.add(trial.number)
            self._say(self._line(trial))

    def _line(self, trial: FrozenTrial) -> str:
        from archdsl.search.outcomes import result_of
        from archdsl.search.summary import columns, number_text, state_of

        result = result_of(trial)
        head = f"trial {len(self._shown)}/{self.study.settings.trials}"
        if state_of(trial) != "complete":
            return f"{head}  {state_of(trial)}: {result.get('why', '')}"
        numbers = result.get("numbers", {})
        known = [f"{name} {number_text(name, numbers[name])}" for name in columns(self.study, [trial])]
        if self.study.is_single:
            is_best = self._is_best(trial)
            known.append(f"objective {trial.values[0]:.4g}")
            known.append("the best so far" if is_best else f"best {self._front[0][0]:.4g}")
        elif self._is_best(trial):
            known.append("on the front")
        again = "  (known from an earlier trial)" if result.get("what") == "known" else ""
        return f"{head}  {'  '.join(known)}{again}"

    def _is_best(self, trial: FrozenTrial) -> bool:
        """Whether no trial before is as good; it is on the front from now on."""
        values, better = trial.values, self.study.better
        if not trial.values or any(list(one) == values or better(one, values) for one in self._front):
            return False
        self._front = [one for one in self._front if not better(values, one)] + [values]
        return True

    def _say(self, text: str) -> None:
        assert self.output is not None
        progress("")
        self.output.result(text)
        self.output.flush()


def _nothing(text: str) -> None:
    pass


# Arguments ------------------------------------------------------------------------------------------------------------


def _jobs(text: str) -> int:
    return 0 if text == "0" else count(text)


def _seed(text: str) -> int:
    if not text.isdecimal() or int(text) >= 2**31:
        raise ArgumentTypeError(f"{text!r} is not a seed; it is a whole number from 0 on")
    return int(text)


def _part(text: str) -> float:
    try:
        value = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        value = -1.0
    if not 0 < value < 1:
        raise ArgumentTypeError(f"{text!r} is not a part between 0 and 1; write 0.2 or 20%")
    return value
