"""Where studies are kept: addresses, passwords, locks, and reading all at once."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Iterator
from pathlib import Path

import optuna
import pytest
from optuna.distributions import CategoricalDistribution
from optuna.storages import RDBStorage
from optuna.trial import TrialState, create_trial

from archdsl.diagnostics import DiagnosticError
from archdsl.search import addresses
from archdsl.search import storage as storages


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("postgresql://anna:geheim@host/db", "postgresql://anna@host/db"),
        ("postgres://anna:geheim@host:5433/db", "postgresql://anna@host:5433/db"),
        ("postgresql://anna:ge%40heim%2F@host/db", "postgresql://anna@host/db"),
        ("postgresql://anna:geheim@[::1]:5433/db", "postgresql://anna@[::1]:5433/db"),
        ("postgresql://host/db?user=anna&password=geheim&sslmode=require", "postgresql://host/db?sslmode=require&user=anna"),
        ("postgresql://postgres:@/db?host=/run/x", "postgresql://postgres@/db?host=%2Frun%2Fx"),
        ("mysql://anna:geheim@host/db", "mysql://anna@host/db"),
    ],
)  # fmt: skip
def test_an_address_is_kept_without_its_password(given: str, kept: str) -> None:
    url = addresses.address(given, Path())
    assert addresses.without_password(url) == kept
    assert addresses.printable(url) == kept
    assert addresses.without_password(addresses.address(kept, Path())) == kept


@pytest.mark.parametrize("given", ["anna:geheim@host", "postgresql://anna:geheim@heim@host/db", "postgresql:geheim"])
def test_an_address_that_cannot_be_read_is_not_repeated(given: str) -> None:
    with pytest.raises(DiagnosticError, match="it is no address") as failure:
        storages.open_storage(addresses.address(given, Path()))
    assert "geheim" not in str([(one.message, one.help) for one in failure.value.diagnostics])


def test_a_file_is_kept_by_its_whole_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    url = addresses.address("sqlite:///here.db", Path("there"))
    assert addresses.without_password(url) == f"sqlite:///{tmp_path}/here.db"
    assert addresses.printable(url) == f"{tmp_path}/here.db"


def _take(url: str, ready: object, found: multiprocessing.Queue[int]) -> None:
    """Takes trials out of the queue until it is empty."""
    study = optuna.load_study(study_name="queue", storage=storages.open_storage(url))
    ready.wait()  # type: ignore[attr-defined]
    while (number := _popped(study)) is not None:
        found.put(number)
    found.put(-1)


def _popped(study: optuna.Study) -> int | None:
    waiting = study.get_trials(deepcopy=False, states=(TrialState.WAITING,))
    with storages.quiet():
        trial = study.ask() if waiting else None
    return trial.number if trial is not None and trial.params else None


@pytest.mark.filterwarnings("ignore:Heartbeat of storage")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_no_two_workers_take_the_same_trial_out_of_the_queue(tmp_path: Path, postgresql: str) -> None:
    for storage in (None, postgresql):
        url = addresses.address(storage, tmp_path)
        study = optuna.create_study(study_name="queue", storage=storages.open_storage(url))
        for _ in range(30):
            study.add_trial(_trial(TrialState.WAITING))
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([__name__])  # to import it takes each longer than all that it does
        ready, found = context.Barrier(4), context.Queue()
        takers = [context.Process(target=_take, args=(url, ready, found)) for _ in range(4)]
        for taker in takers:
            taker.start()
        taken: list[int] = []
        while taken.count(-1) < len(takers):
            taken.append(found.get(timeout=100))
        for taker in takers:
            taker.join()
        assert sorted(number for number in taken if number >= 0) == list(range(30))


def _trial(state: TrialState, **more: object) -> optuna.trial.FrozenTrial:
    options = CategoricalDistribution(("3", "5 x", "-"))
    return create_trial(state=state, params={"kernel": "5 x"}, distributions={"kernel": options}, **more)  # type: ignore[arg-type]


@pytest.fixture(params=["UTC", "America/New_York"])
def _zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The time of a place: a database has that of Greenwich, and trials that of the machine."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", request.param)
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("_zone")
def test_all_trials_at_once_are_those_that_optuna_reads(tmp_path: Path, storage: str | None) -> None:
    opened = storages.open_storage(addresses.address(storage, tmp_path))
    optuna.create_study(study_name="other", storage=opened).add_trial(_trial(TrialState.COMPLETE, value=3.0))
    study = optuna.create_study(study_name="one", storage=opened, directions=["minimize", "maximize"])
    values = [(1.5, float("inf")), (float("-inf"), 0.0)]
    for pair in values:
        study.add_trial(
            _trial(TrialState.COMPLETE, values=pair, user_attrs={"result": {"why": "ü"}}, system_attrs={"a": [1]})
        )
    study.add_trial(_trial(TrialState.PRUNED, intermediate_values={1: 0.5, 3: float("nan"), 4: float("inf")}))
    study.add_trial(_trial(TrialState.WAITING))
    study.add_trial(create_trial(state=TrialState.FAIL))
    study.add_trial(create_trial(state=TrialState.RUNNING))
    own = opened._get_trials(study._study_id, None, set(), -1)
    theirs = RDBStorage._get_trials(opened, study._study_id, None, set(), -1)
    assert len(own) == 6
    assert list(map(repr, own)) == list(map(repr, theirs))  # nan is no nan
