"""Problems of what a recipe asks of a network that does not have it."""

from __future__ import annotations

from archdsl.diagnostics import Problem, codes


class UnknownPart(Problem):
    code = codes.WRONG_USAGE
    message = "{network} has no part `{part}` to freeze"
    network: str
    part: str


class NothingLearns(Problem):
    code = codes.WRONG_USAGE
    message = '`freeze = "{parts}"` leaves no parameter of {network} to learn'
    help = "leave the classifier out of it"
    network: str
    parts: str


class WeightsMissing(Problem):
    code = codes.NO_MAP
    message = "{origin} does not have all weights of {network}: of {count} tensors {wrong} are missing or do not fit"
    help = "first `{first}`: {here} here, {there} there; give weights of the same network, whatever its classes"
    origin: str
    network: str
    wrong: int
    count: int
    first: str
    here: str
    there: str
