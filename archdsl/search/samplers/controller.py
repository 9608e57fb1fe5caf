"""The papers' controller: a recurrent network that makes one choice after the other, trained by policy gradient.

B. Zoph, Q. V. Le: Neural Architecture Search with Reinforcement Learning, ICLR 2017; by proximal policy optimization
(J. Schulman et al. 2017) in MnasNet (M. Tan et al., CVPR 2019).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from io import BytesIO
from random import Random
from typing import Any

import torch
from optuna.distributions import BaseDistribution
from optuna.study import Study
from optuna.trial import FrozenTrial
from torch import Tensor, nn

from archdsl.search.samplers.base import NetworkSampler, Past
from archdsl.search.samplers.kept import Kept, digest_of, keep, kept_in
from archdsl.search_space.encoding import Encoding, Variable
from archdsl.search_space.networks import Sample
from archdsl.search_space.space import Space
from archdsl.version import __version__

_HIDDEN = 64
_RATE, _EPOCHS, _CLIP, _ENTROPY, _MEMORY = 1e-2, 4, 0.2, 0.01, 0.9
# Of a logarithm of how much likelier a network has become: what is beyond overflows in the end.
_FURTHEST = 20.0
_TRIES = 50
# What has been learnt is kept in the study whenever so many trials have come to an end; and so many batches can be
# taken back at once, as trials of other workers come in between.
_EVERY, _BACK = 100, 16
_NAME = "controller"


class Controller(NetworkSampler):
    """A policy that learns from the trials that have come to an end, a batch of them at a time.

    Every worker makes the same policy of the same trials. It is kept in the study now and then, for a worker that joins
    would learn from thousands of trials for half a minute; from the policy that is kept it makes the very same one.

    Args:
        batch: trials between two updates.
    """

    def __init__(self, space: Space, encoding: Encoding, seed: int, batch: int):
        super().__init__(space, encoding, seed)
        self.batch = batch
        self._study: Study | None = None
        self._start()

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        self._study = study
        return super().sample_relative(study, trial, search_space)

    def propose(self, past: Sequence[Past], random: Random) -> Sample:
        self._learn(past)
        generator = torch.Generator().manual_seed(random.getrandbits(62))
        for _ in range(_TRIES):
            sample = self.policy.drawn(self.encoding, generator)
            if self.space.pruning.meets(sample):
                return sample
        return self.drawn(random)

    def _start(self) -> None:
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(self.seed)
            self.policy = Policy(self.encoding.variables)
        self.optimizer = torch.optim.Adam(self.policy.parameters(), _RATE)
        self.baseline: float | None = None
        # From so many trials it has learnt; what it had after each of the last batches.
        self._learnt = 0
        self._states: deque[Kept] = deque(maxlen=_BACK)

    def _learn(self, past: Sequence[Past]) -> None:
        """Learns from the batches that are complete."""
        numbers, states = [one.number for one in past], self._states
        if states and not self._is_of(states[-1], numbers):
            # A trial of another worker came in between.
            while states and not self._is_of(states[-1], numbers):
                states.pop()
            self._go_on_from(states[-1]) if states else self._start()
        if self._study is not None and len(past) - self._learnt >= _EVERY:
            # It has just joined, or has been at one trial for long.
            further = (one for one in kept_in(self._study, _NAME) if one.trials > self._learnt)
            if found := next((one for one in further if self._is_of(one, numbers)), None):
                self._go_on_from(found)
                self._states.append(found)
        while len(past) - self._learnt >= self.batch:
            before = self._learnt
            self._update(past[before : before + self.batch])
            self._learnt += self.batch
            self._states.append(self._state(numbers))
            if self._study is not None and self._learnt // _EVERY > before // _EVERY:
                keep(self._study, _NAME, self._states[-1])

    def _is_of(self, kept: Kept, numbers: Sequence[int]) -> bool:
        """Whether a state is what this controller makes of the first of these trials."""
        return kept.digest == self._digest(numbers[: kept.trials])

    def _digest(self, numbers: Sequence[int]) -> str:
        return digest_of(__version__, self.seed, self.batch, list(numbers))

    def _state(self, numbers: Sequence[int]) -> Kept:
        written = BytesIO()
        facts = {"policy": self.policy.state_dict(), "optimizer": self.optimizer.state_dict()}
        torch.save({**facts, "baseline": self.baseline}, written)
        return Kept(self._learnt, self._digest(numbers[: self._learnt]), written.getvalue())

    def _go_on_from(self, kept: Kept) -> None:
        facts = torch.load(BytesIO(kept.state), weights_only=True)
        self.policy.load_state_dict(facts["policy"])
        self.optimizer.load_state_dict(facts["optimizer"])
        self.baseline, self._learnt = facts["baseline"], kept.trials

    def _update(self, batch: Sequence[Past]) -> None:
        rewards = torch.tensor([one.value for one in batch])
        mean = float(rewards.mean())
        self.baseline = mean if self.baseline is None else _MEMORY * self.baseline + (1 - _MEMORY) * mean
        advantages = rewards - self.baseline
        advantages = advantages / (rewards.std(unbiased=False) + 1e-8)
        taken = self.policy.encoded([one.taken for one in batch])
        with torch.no_grad():
            before, _ = self.policy(taken)
        for _ in range(_EPOCHS):
            likelihoods, entropies = self.policy(taken)
            # Bounded, for networks that the policy would not draw any more: those of others, or of long ago.
            ratio = (likelihoods - before).clamp(-_FURTHEST, _FURTHEST).exp()
            gain = torch.minimum(ratio * advantages, ratio.clamp(1 - _CLIP, 1 + _CLIP) * advantages).mean()
            loss = -gain - _ENTROPY * entropies.mean()
            self.optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(self.policy.parameters(), 1.0)
            self.optimizer.step()


class Policy(nn.Module):
    """An LSTM that is fed the option taken last, with a classifier for each variable; at first all are as likely."""

    def __init__(self, variables: Sequence[Variable]):
        super().__init__()
        self.variables = tuple(variables)
        self.index = {variable.name: index for index, variable in enumerate(variables)}
        self.cell = nn.LSTMCell(_HIDDEN, _HIDDEN)
        self.start = nn.Parameter(torch.zeros(1, _HIDDEN))
        self.options = nn.ModuleList(nn.Embedding(len(variable.options), _HIDDEN) for variable in variables)
        self.heads = nn.ModuleList(nn.Linear(_HIDDEN, len(variable.options)) for variable in variables)
        for head in self.heads:
            nn.init.zeros_(head.weight)  # type: ignore[arg-type]
            nn.init.zeros_(head.bias)  # type: ignore[arg-type]

    def encoded(self, networks: Sequence[Mapping[str, int]]) -> Tensor:
        """Networks x variables: the option taken at each, -1 where a variable is not there."""
        return torch.tensor([[one.get(variable.name, -1) for variable in self.variables] for one in networks])

    def forward(self, taken: Tensor) -> tuple[Tensor, Tensor]:
        """The logarithm of how likely each network is, and the entropy of its choices.

        Args:
            taken: networks x variables, as `encoded` gives it.
        """
        likelihood, entropy = torch.zeros(len(taken)), torch.zeros(len(taken))
        fed = self.start.expand(len(taken), -1)
        hidden, memory = torch.zeros_like(fed), torch.zeros_like(fed)
        for index, options in enumerate(taken.unbind(1)):
            there = (options >= 0).unsqueeze(1)
            option = options.clamp(min=0)
            after = self.cell(fed, (hidden, memory))
            # A variable that is not there is passed over.
            hidden, memory = torch.where(there, after[0], hidden), torch.where(there, after[1], memory)
            logs = self.heads[index](hidden).log_softmax(-1)
            likelihood = likelihood + there[:, 0] * logs.gather(1, option.unsqueeze(1))[:, 0]
            entropy = entropy - there[:, 0] * (logs.exp() * logs).sum(-1)
            fed = torch.where(there, self.options[index](option), fed)
        return likelihood, entropy

    @torch.no_grad()
    def drawn(self, encoding: Encoding, generator: torch.Generator) -> Sample:
        """A network drawn from the policy."""
        fed, state = self.start, None

        def decide(variable: Variable) -> int:
            nonlocal fed, state
            index = self.index[variable.name]
            state = self.cell(fed, state)
            likely = self.heads[index](state[0]).softmax(-1)[0]
            option = int(torch.multinomial(likely, 1, generator=generator))
            fed = self.options[index](torch.tensor([option]))
            return option

        return encoding.sample(decide)
