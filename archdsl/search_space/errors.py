"""Problems with search spaces, with single networks of them and with draws."""

from __future__ import annotations

from collections.abc import Sequence

from archdsl.diagnostics import OverBound, Problem, codes

# Spaces --------------------------------------------------------------------------------------------------------------


class SpaceNotNetwork(Problem):
    """`count` is the number of networks, in words."""

    code = codes.OPEN_CHOICE
    message = "`{space}` is a search space of {count} networks"
    label = "this choice is open"
    help = (
        "`archdsl space {file}` lists its choices, and with `--sample 1 --out mine.arch` writes one network to a file; "
        "or decide here, or in a model that `extends` this one"
    )
    space: str
    count: str
    file: str


class EmptySpace(Problem):
    code = codes.EMPTY_SPACE
    message = "no network of `{space}` is left: none of {networks} meets its `require` lines"
    help = "loosen the claim, or offer other options"
    space: str
    networks: str


class TooLargeSpace(OverBound):
    message = "`{space}` is a search space of more than 10 ** {most} networks"
    bound = "space"
    instead = "leave less open"
    space: str


class TooManyStagesToProve(OverBound):
    message = "`{space}`, of {count} networks, has more than {most:,} different stages"
    bound = "proof"
    instead = "its samples are checked one by one; to prove all, leave less open in one row"
    space: str
    count: str


class SeveralSpaces(Problem):
    code = codes.WRONG_USAGE
    message = "{file} has {count} search spaces"
    help = "choose one: {names}"
    file: str
    spaces: Sequence[str]

    @property
    def count(self) -> int:
        return len(self.spaces)

    @property
    def names(self) -> str:
        return ", ".join(self.spaces)


_CHOICES = "a space is a model with choices in it: `kernel = {{3, 5}}`, `channels = 24 * {{0.75, 1.0}}`"


class NoSpace(Problem):
    code = codes.WRONG_USAGE
    message = "{file} has no search space"
    help = _CHOICES
    file: str


class NetworkNotSpace(Problem):
    code = codes.WRONG_USAGE
    message = "`{network}` is one network, not a search space"
    help = _CHOICES
    network: str


# Networks of a space -------------------------------------------------------------------------------------------------


class NoSuchNetwork(Problem):
    code = codes.WRONG_USAGE
    message = "`{space}` has no network {index}"
    help = "networks are numbered from 0 to {last:,}"
    space: str
    index: int
    last: int


class PrunedNetwork(Problem):
    code = codes.PRUNED
    message = "network {index} of `{space}` is pruned: it does not meet `{claim}`"
    index: int
    space: str
    claim: str


class BadSampleCount(Problem):
    code = codes.WRONG_USAGE
    message = "the number of samples must be 0 or more, not {count}"
    count: int


class NoneMeets(Problem):
    """`what` the networks should meet, in words."""

    code = codes.NONE_MEETS
    message = "none of {count:,} networks drawn from `{space}` meets {what}"
    help = "loosen it, or leave more open"
    count: int
    space: str
    what: str


class ChoiceInOtherFile(Problem):
    code = codes.WRONG_USAGE
    message = "the choice of `{choice}` is in another file: {place}"
    help = "decide it in a model that `extends` this one, or in that file"
    choice: str
    place: str


# Objectives ----------------------------------------------------------------------------------------------------------


class NoObjective(Problem):
    code = codes.NO_GOAL
    message = "`{space}` has no objective"
    help = "write one into it, `objective = accuracy * (latency(phone) / 75ms) ** -0.07`, or give `--objective`"
    space: str


class ObjectiveNeedsDevice(Problem):
    code = codes.NO_PREDICTION
    message = "`{quantity}` names no device"
    help = "name one there, or give `--device NAME`"
    quantity: str


class GoalNotNumber(Problem):
    code = codes.WRONG_KIND
    message = "a goal must be a number: `{goal}` is {value}"
    goal: str
    value: str
