"""Problems of what a recipe asks of a network that does not have it."""

from __future__ import annotations

from archdsl.diagnostics import Problem, codes


class NoDropout(Problem):
    code = codes.WRONG_USAGE
    message = "{network} has no dropout before its classifier whose rate could be {rate:g}"
    help = "write one into its `head`, `dropout({rate:g})`, or leave `dropout` out of the recipe"
    network: str
    rate: float


class NoDropPath(Problem):
    code = codes.WRONG_USAGE
    message = "{network} has no blocks that stochastic depth could drop{wanted}"
    help = "write `drop_path()` into its blocks, before they are added, or leave `{setting}` out of the recipe"
    network: str
    rate: float | None

    @property
    def wanted(self) -> str:
        return f" at a rate of {self.rate:g}" if self.rate is not None else ""

    @property
    def setting(self) -> str:
        return "drop_path" if self.rate is not None else "drop_path_mode"


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
