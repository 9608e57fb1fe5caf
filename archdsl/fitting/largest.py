"""The largest network of a family within budgets."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log

from archdsl.diagnostics import Diagnostic, DiagnosticError, Note
from archdsl.diagnostics.wording import enumerated
from archdsl.elaborate.evaluate.refutation import amount
from archdsl.elaborate.evaluate.values import Scalar
from archdsl.elaborate.resolve.errors import UnknownParameter
from archdsl.fitting.budgets import Limit
from archdsl.fitting.errors import (
    NotCompound,
    NothingToVary,
    NotScalable,
    OverBudget,
    Unbounded,
    UnderBudget,
    VariesAndFixed,
)
from archdsl.fitting.family import Family, listed
from archdsl.fitting.ranges import Range, known_range
from archdsl.ir.architecture import Architecture
from archdsl.ir.cost import Cost
from archdsl.passes.fit import Axis, Fit, Number, fit

# What a model's size hangs on, by the names that papers give it.
SCALED = ("width", "depth", "resolution")
COMPOUND = "phi"
# The paper's beta, alpha and gamma: how much each grows while the cost doubles (Tan & Le 2019, section 4).
_RATES = {"width": 1.1, "depth": 1.2, "resolution": 1.15}


@dataclass(frozen=True)
class Largest:
    """The network that was found, with the question that it answers."""

    family: Family
    fixed: Mapping[str, Scalar]
    limits: tuple[Limit, ...]
    written: Architecture
    fit: Fit
    # What could have varied, and that no budget bounds: it is as it was.
    kept: Mapping[str, Scalar]

    @property
    def values(self) -> dict[str, Scalar]:
        """The parameters that are not as the file has them."""
        return {**self.fixed, **self.fit.values}


def largest(
    family: Family, limits: Sequence[Limit], vary: Sequence[Range] = (), fixed: Mapping[str, Scalar] | None = None
) -> Largest:
    """The largest network that costs no more than `limits` allow, by the rule of `archdsl.passes.fit`.

    `vary` are the parameters that may change, `phi` or else those of SCALED that the model has when none is given;
    `fixed` gives others a value. A parameter that no limit bounds stays as it is, unless `vary` says how far it may go.
    Raises DiagnosticError when no network is within the limits.
    """
    fixed = fixed or {}
    check_parameters(family, vary, fixed)
    chosen, unbounded = _bounded(tuple(vary) or _free(family, fixed), bool(vary), family, limits, fixed)

    def cost_of(values: Mapping[str, Number]) -> Cost:
        return family.at({**fixed, **values}).costs.model()

    found = fit(_axes(family, chosen, fixed), cost_of, [limit.budget for limit in limits])
    if problems := [_missed(limit, family, found, len(limits) > 1) for limit in limits if limit.budget in found.missed]:
        raise DiagnosticError(problems)
    now = family.at(fixed).parameters if unbounded else {}
    kept = {one.name: now[one.name] for one in unbounded}
    return Largest(family, fixed, tuple(limits), family.written(fixed), found, kept)


# What may vary -------------------------------------------------------------------------------------------------------


def check_parameters(family: Family, vary: Sequence[Range], fixed: Mapping[str, Scalar]) -> None:
    """Raises DiagnosticError for a parameter that the model does not have, and for one that both varies and
    is fixed.
    """
    problems = []
    for one in vary:
        if one.name not in family.parameters:
            problems.append(_no_parameter(family, one.name, one))
        elif one.name in fixed:
            problems.append(VariesAndFixed(one.name).at(one.span))
    problems += [_no_parameter(family, name, None) for name in fixed if name not in family.parameters]
    if problems:
        raise DiagnosticError(problems)


def _no_parameter(family: Family, name: str, where: Range | None) -> Diagnostic:
    problem = UnknownParameter(family.name, name, family.parameters).at(where.span if where else None)
    return problem.suggesting(name, family.parameters, can_fix=False)


def _free(family: Family, fixed: Mapping[str, Scalar]) -> tuple[Range, ...]:
    """The parameters that vary when nothing is said of that."""
    names = [COMPOUND] if COMPOUND in family.parameters else [name for name in SCALED if name in family.parameters]
    found = [known_range(name) for name in names if name not in fixed]
    if not found:
        known = [name for name in family.parameters if name not in fixed]
        raise DiagnosticError([NothingToVary(family.name, ", ".join((COMPOUND, *SCALED)), known).at(None)])
    return tuple(one for one in found if one is not None)


def _bounded(
    chosen: Sequence[Range], is_asked: bool, family: Family, limits: Sequence[Limit], fixed: Mapping[str, Scalar]
) -> tuple[list[Range], list[Range]]:
    """The parameters that a limit bounds or whose ends were given, and the others.

    Raises DiagnosticError where a parameter was named that nothing bounds, and where nothing is left to vary.
    """
    free = [one for one in chosen if not one.is_given and not _is_bounded(one, family, limits, fixed)]
    if not free or (len(free) < len(chosen) and not is_asked):
        return [one for one in chosen if one not in free], free
    budgets = enumerated(limit.budget.measure for limit in limits)
    has_work = any(limit.budget.measure != "params" for limit in limits)
    problem = Unbounded(budgets, [one.name for one in free], has_work)
    raise DiagnosticError([problem.at(free[0].span if is_asked else limits[0].span)])


def _is_bounded(one: Range, family: Family, limits: Sequence[Limit], fixed: Mapping[str, Scalar]) -> bool:
    """Whether what the limits are of changes with a parameter: from what it is to either end, as far as networks go."""
    now = family.at(fixed)
    values, base, cost = one.values(), now.parameters[one.name], now.costs.model()
    home = bisect_left(values, base) if isinstance(base, int | float) else 0
    for end in (len(values) - 1, 0):
        index = end
        while index != home:
            try:
                other = family.at({**fixed, one.name: values[index]}).costs.model()
            except DiagnosticError:  # Too large or too small to be a network; one nearer by is.
                index = (index + home) // 2 if index - home > 1 or home - index > 1 else home
                continue
            if any(limit.budget.of(other) != limit.budget.of(cost) for limit in limits):
                return True
            break
    return False


def _axes(family: Family, chosen: Sequence[Range], fixed: Mapping[str, Scalar]) -> list[Axis]:
    parameters = family.at(fixed).parameters
    if len(chosen) > 1:
        return [_scaled(one, parameters[one.name]) for one in chosen]
    (one,) = chosen
    values, base = one.values(), parameters[one.name]
    if isinstance(base, bool) or not isinstance(base, int | float):
        base = 0
    return [Axis(one.name, values, [value - base for value in values])]


def _scaled(one: Range, base: Scalar) -> Axis:
    """A parameter beside others: how far it has grown is its exponent in the compound rule."""
    if one.name not in _RATES:
        raise DiagnosticError([NotCompound(one.name, ", ".join(_RATES)).at(one.span)])
    values = one.values()
    if isinstance(base, bool) or not isinstance(base, int | float) or base <= 0 or values[0] <= 0:
        raise DiagnosticError([NotScalable(one.name).at(one.span)])
    return Axis(one.name, values, [log(value / base) / log(_RATES[one.name]) for value in values])


# When there is none --------------------------------------------------------------------------------------------------


def _missed(limit: Limit, family: Family, found: Fit, is_one_of_several: bool) -> Diagnostic:
    measure, value = limit.budget.measure, limit.budget.of(found.cost)
    has = f"{amount(value)} {measure}"
    if limit.budget.is_over(found.cost):
        label = f"the smallest, with {listed(found.values)}, has {has}"
        return OverBudget(family.name, limit.claim).at(limit.span, label)
    notes = tuple(
        Note(f"{listed({step.name: step.value})} instead has {amount(limit.budget.of(step.cost))}")
        for step in found.further
        if limit.budget.of(step.cost) > value
    )
    problem = UnderBudget(family.name, limit.claim, is_one_of_several, bool(notes))
    return problem.at(limit.span, f"{listed(found.values)} has {has}", notes=notes)
