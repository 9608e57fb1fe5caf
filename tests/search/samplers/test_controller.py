"""The controller: uniform at first, it learns what is rewarded, from the trials alone."""

from __future__ import annotations

from random import Random

import pytest
import torch

from archdsl.search.samplers.base import Past
from archdsl.search.samplers.controller import Controller
from archdsl.search_space.encoding import Encoding
from archdsl.search_space.networks import Sample
from tests.search.samplers.studies import WHOLE, space_of

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
