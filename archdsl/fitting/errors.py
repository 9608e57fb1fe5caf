"""Problems with what `archdsl fit` is asked for, and budgets that no network meets."""

from __future__ import annotations

from collections.abc import Sequence

from archdsl.diagnostics import OverBound, Problem, codes
from archdsl.diagnostics.wording import quoted

# Models --------------------------------------------------------------------------------------------------------------


class SeveralModels(Problem):
    code = codes.WRONG_USAGE
    message = "{file} has {count} models"
    help = "choose one as the variant: {names}"
    file: str
    models: Sequence[str]

    @property
    def count(self) -> int:
        return len(self.models)

    @property
    def names(self) -> str:
        return ", ".join(self.models)


class UnknownModelOrVariant(Problem):
    code = codes.UNKNOWN_MODEL
    message = "{file} has no model or variant `{name}`"
    help = "it has {names}"
    file: str
    name: str
    known: Sequence[str]

    @property
    def names(self) -> str:
        return ", ".join(self.known) or "no models"


class ModelInNoFile(Problem):
    code = codes.WRONG_USAGE
    message = "a model from {source} cannot be extended: it is not in a file"
    help = "save it to a file first"
    source: str


# Parameters that vary ------------------------------------------------------------------------------------------------


class NotRange(Problem):
    code = codes.SYNTAX
    message = "this is not a range"
    help = "write `width`, `width=0.25..2` or `width=0.25..2:0.05` (from..to:step)"


class RangeGivenTwice(Problem):
    code = codes.WRONG_USAGE
    message = "`{parameter}` is given twice"
    parameter: str


class UnknownRange(Problem):
    code = codes.WRONG_USAGE
    message = "`{parameter}` needs a range of values"
    help = "say from where to where, and in which steps: `{parameter}=1..8:1`"
    parameter: str


class BadStep(Problem):
    code = codes.WRONG_USAGE
    message = "a step must be above zero, not {step}"
    step: str


class EmptyRange(Problem):
    code = codes.WRONG_USAGE
    message = "{low}..{high} is empty"
    help = "write {high}..{low}"
    low: str
    high: str


class TooManyValues(OverBound):
    message = "these are more than {most:,} values"
    bound = "values"
    instead = "take larger steps"


class VariesAndFixed(Problem):
    code = codes.WRONG_USAGE
    message = "`{parameter}` cannot both vary and have one value"
    parameter: str


class NothingToVary(Problem):
    """`usual` are the parameters that vary when none is named."""

    code = codes.WRONG_USAGE
    message = "none of {usual} is a parameter of `{model}` that is free to vary"
    help = "{advice}"
    model: str
    usual: str
    free: Sequence[str]

    @property
    def advice(self) -> str:
        if self.free:
            return f"say which may, of {', '.join(self.free)}: `--vary NAME=1..8:1`"
        return "give it one, to `scale` its table by"


class Unbounded(Problem):
    """`budgets` are measures; `has_work` says whether one of them is more than a number of parameters."""

    code = codes.WRONG_USAGE
    message = "a budget of {budgets} does not bound {names}"
    help = "{another}say how far it may go: `--vary {first}=LOW..HIGH`"
    budgets: str
    parameters: Sequence[str]
    has_work: bool

    @property
    def names(self) -> str:
        return quoted(self.parameters)

    @property
    def first(self) -> str:
        return self.parameters[0]

    @property
    def another(self) -> str:
        return "" if self.has_work else "add one that does, such as `--macs N`, or "


class NotCompound(Problem):
    code = codes.WRONG_USAGE
    message = "`{parameter}` cannot vary along with others"
    help = "the compound rule is one of {known}; let `{parameter}` vary alone, and `--set` the others"
    parameter: str
    known: str


class NotScalable(Problem):
    code = codes.WRONG_USAGE
    message = "`{parameter}` can be scaled along with others from a positive number only"
    parameter: str


# Budgets -------------------------------------------------------------------------------------------------------------


class NoBudget(Problem):
    code = codes.WRONG_USAGE
    message = "there is no budget to meet"
    help = "give one, such as `--macs 400M`, or a `--grid` to list"


class OverBudget(Problem):
    code = codes.OVER_BUDGET
    message = "no `{model}` has {claim}"
    help = "raise it, or let `--vary` go further down"
    model: str
    claim: str


class UnderBudget(OverBudget):
    """Of several budgets, `others` says so."""

    message = "no `{model}` has {claim}{others}"
    help = "{advice}"
    is_one_of_several: bool
    is_stepped_over: bool

    @property
    def others(self) -> str:
        return " within the other budgets" if self.is_one_of_several else ""

    @property
    def advice(self) -> str:
        if self.is_stepped_over:
            return "allow more on either side, or let `--vary` take smaller steps"
        return "let `--vary` go further up"


class TooManyPoints(OverBound):
    message = "a grid of more than {most:,} points"
    bound = "points"
    instead = "take larger steps, add a `--constraint`"
    needed: int


class TooManyGridNetworks(OverBound):
    message = "{needed:,} networks are more than the bound of {most:,}"
    bound = "grid"
    instead = "take larger steps, add a `--constraint`"
    needed: int


class NoPointMeets(Problem):
    code = codes.OVER_BUDGET
    message = "no point of the grid meets this"


class NoNetworkWithinBudgets(Problem):
    code = codes.OVER_BUDGET
    message = "no network of the grid is within the budgets"
