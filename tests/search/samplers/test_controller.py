"""The controller: uniform at first, it learns what is rewarded, from the trials alone."""

from __future__ import annotations

from pathlib import Path
from random import Random

import optuna
import pytest
import torch
from optuna.storages import InMemoryStorage

from archdsl.search import storage as storages
from archdsl.search.addresses import address
from archdsl.search.samplers.base import Past
from archdsl.search.samplers.base import past as past_of
from archdsl.search.samplers.controller import Controller
from archdsl.search.samplers.kept import Kept, digest_of, keep, kept_in
from archdsl.search_space.encoding import Encoding
from archdsl.search_space.networks import Sample
from tests.search.samplers.studies import WHOLE, searched, space_of

SPACE = space_of(WHOLE)
ENCODING = Encoding(SPACE)
WANTED = {"width": 1, "k": 0, "stages.1 op": 1}


def reward(sample: Sample) -> float:
    taken = ENCODING.taken(sample)
    return sum(taken[name] == option for name, option in WANTED.items()) / len(WANTED)


def likely(controller: Controller, sample: Sample) -> float:
    with torch.no_grad():
        return float(controller.policy(controller.policy.encoded([ENCODING.taken(sample)]))[0].exp())


def trained(trials: int, seed: int = 0, batch: int = 10) -> tuple[Controller, list[Past]]:
    controller, past = Controller(SPACE, ENCODING, seed, batch), list[Past]()
    for number in range(trials):
        sample = controller.propose(past, Random(f"{seed}:{number}"))
        past.append(Past(number, ENCODING.taken(sample), reward(sample)))
    controller._learn(past)
    return controller, past


def test_at_first_every_option_is_as_likely() -> None:
    controller = Controller(SPACE, ENCODING, 0, 10)
    for index in (0, SPACE.size // 2, SPACE.size - 1):
        sample = SPACE.numbered(index)
        ways = 1.0
        for name in ENCODING.taken(sample):
            ways /= len(ENCODING.by_name[name].options)
        assert abs(likely(controller, sample) / ways - 1) < 1e-4


def likelihoods(controller: Controller) -> list[float]:
    """How likely each network is."""
    taken = [ENCODING.taken(SPACE.numbered(index)) for index in range(SPACE.size)]
    with torch.no_grad():
        return controller.policy(controller.policy.encoded(taken))[0].exp().tolist()


def test_likelihoods_of_all_networks_sum_to_one() -> None:
    controller, _ = trained(60)
    assert abs(sum(likelihoods(controller)) - 1) < 1e-3


def test_a_network_is_as_likely_alone_as_among_others() -> None:
    """Networks of one batch have not the same variables."""
    controller, _ = trained(30)
    together = likelihoods(controller)
    for index in (0, 3, 50, SPACE.size - 1):
        assert likely(controller, SPACE.numbered(index)) == pytest.approx(together[index], rel=1e-5)


def test_networks_are_drawn_as_likely_as_they_are() -> None:
    controller, _ = trained(60)
    share = dict.fromkeys(("0", "1"), 0.0)
    for index, value in enumerate(likelihoods(controller)):
        share[str(ENCODING.taken(SPACE.numbered(index))["k"])] += value
    generator = torch.Generator().manual_seed(0)
    drawn = [ENCODING.taken(controller.policy.drawn(ENCODING, generator))["k"] for _ in range(400)]
    assert drawn.count(0) / 400 == pytest.approx(share["0"], abs=0.1)


def test_it_learns_what_is_rewarded() -> None:
    controller, past = trained(300)
    # Each of three options is one of two: one network in eight has them all.
    first, last = past[:40], past[-60:]
    assert sum(one.value for one in first) / len(first) < 0.75
    assert sum(one.value for one in last) / len(last) > 0.9
    wanted = sum(likely(controller, sample) for sample in map(SPACE.numbered, range(SPACE.size)) if reward(sample) == 1)
    assert wanted > 0.7


def test_a_policy_is_made_of_the_trials_alone() -> None:
    controller, past = trained(45)
    other = Controller(SPACE, ENCODING, 0, 10)
    other._learn(past)
    sample = SPACE.numbered(77)
    assert likely(other, sample) == likely(controller, sample)
    assert other.propose(past, Random(5)) == controller.propose(past, Random(5))


def test_a_trial_of_another_worker_that_comes_in_between_is_learnt_from() -> None:
    controller, past = trained(20)
    late = [*past[:7], Past(99, past[3].taken, 5.0), *past[7:]]
    controller._learn(late)
    other = Controller(SPACE, ENCODING, 0, 10)
    other._learn(late)
    assert likely(controller, SPACE.numbered(5)) == likely(other, SPACE.numbered(5))


def test_rewards_that_do_not_differ_teach_nothing_wrong() -> None:
    controller = Controller(SPACE, ENCODING, 0, 10)
    past = [Past(number, ENCODING.taken(SPACE.numbered(number)), 0.5) for number in range(30)]
    controller._learn(past)
    assert all(torch.isfinite(parameter).all() for parameter in controller.policy.parameters())


def test_torch_draws_as_before_elsewhere() -> None:
    torch.manual_seed(1)
    expected = torch.rand(1)
    torch.manual_seed(1)
    trained(20)
    assert torch.equal(torch.rand(1), expected)


def test_networks_that_it_would_never_draw_do_not_break_it() -> None:
    """Those of other workers, or of a search that another algorithm began: where it is sure, a step changes much."""
    controller, random = Controller(SPACE, ENCODING, 0, 20), Random(0)
    torch.manual_seed(0)
    for head in controller.policy.heads:
        torch.nn.init.normal_(head.weight, std=200.0)
    drawn = [SPACE.numbered(random.randrange(SPACE.size)) for _ in range(200)]
    past = [Past(number, ENCODING.taken(sample), reward(sample)) for number, sample in enumerate(drawn)]
    controller._learn(past)
    assert ENCODING.taken(controller.propose(past, random)).keys() >= {"width"}
    assert abs(sum(likelihoods(controller)) - 1) < 1e-3


# What is kept in a study ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def study() -> optuna.Study:
    """A study in which a controller has learnt from 215 trials, one after the other."""
    storage = InMemoryStorage()
    searched(SPACE, "controller", 215, planned=300, storage=storage, values=lambda _, sample: (reward(sample),))
    return optuna.load_study(study_name="study", storage=storage)


def copied(study: optuna.Study) -> optuna.Study:
    """A study with what is kept in another one."""
    other = optuna.create_study()
    for key, value in study.user_attrs.items():
        other.set_user_attr(key, value)
    return other


def joined(study: optuna.Study, past: list[Past]) -> Controller:
    controller = Controller(SPACE, ENCODING, 0, 10)
    controller._study = study
    controller._learn(past)
    return controller


def parameters(controller: Controller) -> list[torch.Tensor]:
    moments = [value for state in controller.optimizer.state.values() for value in state.values()]
    return [*controller.policy.parameters(), *moments, torch.tensor(controller.baseline)]


def equal(one: Controller, other: Controller) -> bool:
    pairs = zip(parameters(one), parameters(other), strict=True)
    return all(torch.equal(first, second) for first, second in pairs)


def test_who_joins_goes_on_from_what_is_kept(study: optuna.Study) -> None:
    assert [kept.trials for kept in kept_in(study, "controller")] == [200, 100]
    past = past_of(study, ENCODING)
    anew = joined(optuna.create_study(), past)
    controller = joined(study, past)
    assert equal(controller, anew)
    # It has learnt from one batch itself, and not from the twenty before.
    assert [state.trials for state in controller._states] == [200, 210]
    assert [state.trials for state in anew._states] == list(range(60, 211, 10))
    assert controller.propose(past, Random(3)) == anew.propose(past, Random(3))


def test_what_others_would_have_learnt_is_not_taken(study: optuna.Study) -> None:
    past = past_of(study, ENCODING)
    past[150], past[151] = past[151], past[150]
    controller = joined(copied(study), past)
    assert equal(controller, joined(optuna.create_study(), past))
    assert [state.trials for state in controller._states][:2] == [100, 110]
    for other in (Controller(SPACE, ENCODING, 1, 10), Controller(SPACE, ENCODING, 0, 5)):
        other._study = copied(study)
        other._learn(past[:105])
        assert other._states[0].trials != 100


def test_a_worker_that_was_at_one_trial_for_long_takes_what_others_have_learnt(study: optuna.Study) -> None:
    past = past_of(study, ENCODING)
    controller = joined(study, past[:40])
    controller._learn(past)
    assert [state.trials for state in controller._states] == [10, 20, 30, 40, 200, 210]
    assert equal(controller, joined(optuna.create_study(), past))


def test_a_trial_in_between_takes_back_the_batches_since() -> None:
    controller, past = trained(100)
    late = [*past[:73], Past(999, past[3].taken, 5.0), *past[73:]]
    controller._learn(late)
    other = Controller(SPACE, ENCODING, 0, 10)
    other._learn(late)
    assert equal(controller, other)
    # And those of long ago, of which no state is kept.
    late = [*past[:3], Past(999, past[3].taken, 5.0), *past[3:]]
    other = Controller(SPACE, ENCODING, 0, 2)
    other._learn(past)
    other._learn(late)
    anew = Controller(SPACE, ENCODING, 0, 2)
    anew._learn(late)
    assert equal(other, anew)


def test_the_last_two_states_are_kept(tmp_path: Path, storage: str | None) -> None:
    opened = storages.open_storage(address(storage, tmp_path))
    study = optuna.create_study(study_name="one", storage=opened)
    for trials in (100, 200, 200, 300):
        keep(study, "it", Kept(trials, digest_of(trials), b"\x00state"))
    assert [(one.trials, one.state) for one in kept_in(study, "it")] == [(300, b"\x00state"), (200, b"\x00state")]
    study.set_user_attr("it 0", {"trials": "many"})
    assert len(kept_in(study, "it")) == 1
    assert kept_in(study, "other") == []
