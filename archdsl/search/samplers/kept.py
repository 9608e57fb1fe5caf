"""What a sampler has learnt, kept in the study that it learns from: who joins goes on from there.

It is kept together with a digest of all that it was made of, and is for those who would have made the same: what a
sampler proposes stays a function of the trials, whoever learnt from them.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from hashlib import sha256
from typing import NamedTuple

from optuna.study import Study

# So many are kept: where trials of other workers came in between those that the last was made of, there is one before.
_SLOTS = 2


class Kept(NamedTuple):
    """What was learnt from the first trials that ended.

    `trials` is how many those were, `digest` that of all that `state` was made of.
    """

    trials: int
    digest: str
    state: bytes


def digest_of(*facts: object) -> str:
    """A digest of all that a state is made of."""
    return sha256(repr(facts).encode()).hexdigest()


def keep(study: Study, name: str, kept: Kept) -> None:
    """Keeps a state of something called `name`, in the place of the one made of the fewest trials."""
    there = _kept(study, name)
    if any(one.digest == kept.digest for one in there.values()):
        return  # another worker has learnt the same
    free = [slot for slot in range(_SLOTS) if slot not in there]
    slot = free[0] if free else min(there, key=lambda each: there[each].trials)
    written = {"trials": kept.trials, "digest": kept.digest, "state": b64encode(kept.state).decode()}
    study.set_user_attr(f"{name} {slot}", written)


def kept_in(study: Study, name: str) -> list[Kept]:
    """The states of something called `name`, the one made of most trials first."""
    return sorted(_kept(study, name).values(), reverse=True)


def _kept(study: Study, name: str) -> dict[int, Kept]:
    attributes = study.user_attrs
    found: dict[int, Kept] = {}
    for slot in range(_SLOTS):
        match attributes.get(f"{name} {slot}"):
            case {"trials": int(trials), "digest": str(digest), "state": str(state)}:
                found[slot] = Kept(trials, digest, b64decode(state))
    return found
