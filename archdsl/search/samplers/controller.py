"""The papers' controller: a recurrent network that makes one choice after the other, trained by policy gradient.

B. Zoph, Q. V. Le: Neural Architecture Search with Reinforcement Learning, ICLR 2017; by proximal policy optimization
(J. Schulman et al. 2017) in MnasNet (M. Tan et al., CVPR 2019).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random

import torch
from torch import Tensor, nn

from archdsl.search.samplers.base import NetworkSampler, Past
from archdsl.search_space.encoding import Encoding, Variable
from archdsl.search_space.networks import Sample
from archdsl.search_space.space import Space

_HIDDEN = 64
_RATE, _EPOCHS, _CLIP, _ENTROPY, _MEMORY = 1e-2, 4, 0.2, 0.01, 0.9
# Of a logarithm of how much likelier a network has become: what is beyond overflows in the end.
_FURTHEST = 20.0
_TRIES = 50


class Controller(NetworkSampler):
    """A policy that learns from the trials that have come to an end, a batch of them at a time.

    Every worker makes the same policy of the same trials: it is not kept anywhere.

    Args:
        batch: trials between two updates.
    """

    def __init__(self, space: Space, encoding: Encoding, seed: int, batch: int):
        super().__init__(space, encoding, seed)
        self.batch = batch
        self._start()

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
        self._folded: list[int] = []

    def _learn(self, past: Sequence[Past]) -> None:
        """Folds in the batches that are complete."""
        if [one.number for one in past[: len(self._folded)]] != self._folded:
            self._start()  # a trial of another worker came in between
        while len(past) - len(self._folded) >= self.batch:
            batch = past[len(self._folded) : len(self._folded) + self.batch]
            self._update(batch)
            self._folded += [one.number for one in batch]

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
