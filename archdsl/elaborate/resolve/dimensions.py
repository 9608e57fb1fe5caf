"""What the numbers of a claim are of. Counts, times and bytes do not compare with one another, nor without a unit.

Seen from the text: a literal has the dimension of its unit, a name that of what it is bound to.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from archdsl.diagnostics import Diagnostic, Note, Source, Span
from archdsl.elaborate.resolve.errors import DimensionMismatch
from archdsl.elaborate.resolve.words import LENGTH, OWN_FACTS
from archdsl.elaborate.resolve.written import shown
from archdsl.language import tree
from archdsl.language.nodes import children
from archdsl.language.operators import BINARY, COMPARISON

NUMBER, COUNT, SHARE, PIXELS = "a number", "a count", "a share", "a number of pixels"
TIME, BYTES = "a time", "an amount of memory"

# What each quantity of a claim is.
OF_QUANTITIES: Mapping[str, str] = {
    **dict.fromkeys(("params", "macs", "flops", "activations"), COUNT),
    "reduction": NUMBER,
    **dict.fromkeys(("latency", "step_time"), TIME),
    "memory": BYTES,
}
# Those of networks in a table, too.
OF_COLUMNS: Mapping[str, str] = {**OF_QUANTITIES, "images_per_second": NUMBER}

_UNIT = re.compile(r"([A-Za-z]+|%)?\Z")
_OF_UNITS = {
    **dict.fromkeys("KMGT", COUNT),
    **dict.fromkeys(("s", "ms", "us"), TIME),
    **{f"{prefix}{kind}": BYTES for prefix in "KMGT" for kind in ("B", "iB")},
    "%": SHARE,
    "px": PIXELS,
    "": NUMBER,
}
# The facts that every tensor has.
_OF_FACTS = (*OWN_FACTS, LENGTH)
_SUMS, _LIKE_FIRST = ("+", "-"), ("round", "round_even", "floor", "ceil", "divisible")
# A chain of bindings is followed no further.
_DEEPEST = 30


def mismatches(
    claim: tree.Expression,
    quantities: Mapping[str, str] = OF_QUANTITIES,
    values: Mapping[str, Sequence[tree.Expression]] | None = None,
) -> Iterator[Diagnostic]:
    """What is compared, added or allowed in a claim although it is of another dimension.

    `values` are the expressions that names of the model's own are, or may be, bound to.
    """
    dimensions, ahead, nodes = _Dimensions(quantities, values or {}), [claim], list[tree.Expression]()
    while ahead:
        node = ahead.pop()
        nodes.append(node)
        if not dimensions.is_quantity(node):  # its arguments are settings
            ahead += [child for child in children(node) if isinstance(child, tree.Expression)]
            ahead += [one.value for one in children(node) if isinstance(one, tree.Argument)]
    seen: set[int] = set()
    for node in reversed(nodes):  # what is inside first: long chains are deep
        dimensions.of(node)
        dimensions.speaks(node)
        for one, other in _pairs(node):
            for found in dimensions.compared(one, other):
                if found.span is not None and found.span.start not in seen:
                    seen.add(found.span.start)
                    yield found


def dimension(node: tree.Expression) -> str | None:
    """What an expression is of by the units in it; None where they do not say, as those of names do not."""
    return _Dimensions({}, {}).of(node)


def without_unit(node: tree.Expression) -> str | None:
    """A number as it would be without its unit; None for another expression."""
    return node.text.removesuffix(_unit(node.text)) if isinstance(node, tree.Literal) else None


def budget_mismatch(measure: str, node: tree.Expression) -> Diagnostic | None:
    """That a budget of a measure is of another dimension, if that is so."""
    subject = tree.Name(Span(Source(measure, measure), 0, len(measure)), measure)
    return next(mismatches(tree.Binary(node.span, "<=", subject, node)), None)


def _pairs(node: tree.Node) -> Iterator[tuple[tree.Expression, tree.Expression]]:
    """The expressions that a node brings together as like with like."""
    match node:
        case tree.Binary(operator=operator, left=left, right=right) if BINARY[operator] == COMPARISON:
            if isinstance(right, tree.Binary) and right.operator == "+-":
                yield left, right.left
                if _of_literal(right.right) != SHARE:
                    yield left, right.right
            else:
                yield left, right
        case tree.Binary(operator=operator, left=left, right=right) if operator in _SUMS:
            yield left, right
        case tree.Call(function=tree.Name(text="min" | "max"), arguments=arguments) if arguments:
            yield from ((arguments[0].value, other.value) for other in arguments[1:])


class _Dimensions:
    def __init__(self, quantities: Mapping[str, str], values: Mapping[str, Sequence[tree.Expression]]):
        self.quantities, self.values = quantities, values
        self.known: dict[int, str | None] = {}
        self.speaking: dict[int, bool] = {}
        self.depth = 0

    def is_quantity(self, node: tree.Node) -> bool:
        return self._quantity(node) is not None

    def _quantity(self, node: tree.Node) -> str | None:
        match node:
            case tree.Name(text=text) | tree.Call(function=tree.Name(text=text)) if text not in self.values:
                return self.quantities.get(text)
        return None

    def of(self, node: tree.Expression) -> str | None:
        """The dimension of an expression; None where that is not known, or where it goes with any."""
        if id(node) not in self.known:
            self.known[id(node)] = None  # for bindings that go round in a circle
            self.known[id(node)] = self._of(node)
        return self.known[id(node)]

    def _of(self, node: tree.Expression) -> str | None:
        if (quantity := self._quantity(node)) is not None:
            return quantity
        match node:
            case tree.Literal():
                return _of_literal(node)
            case tree.Name(text=text):
                found = {self.of(value) for value in self._values(text)}
                return found.pop() if len(found) == 1 else None
            case tree.Fact(name=name):
                return NUMBER if name.text in _OF_FACTS else None
            case tree.Unary(operator="-" | "+", operand=operand):
                return self.of(operand)
            case tree.Conditional(chosen=chosen, otherwise=otherwise):
                return self.of(chosen) if self.of(chosen) == self.of(otherwise) else None
            case tree.Call(function=tree.Name(text=text), arguments=arguments) if arguments:
                given = [self.of(argument.value) for argument in arguments]
                if text in ("min", "max"):
                    return next((one for one in given if one not in (None, NUMBER)), given[0])
                return given[0] if text in _LIKE_FIRST else None
            case tree.Binary(operator=operator, left=left, right=right):
                return _result(operator, self.of(left), self.of(right))
        return None

    def _values(self, name: str) -> Sequence[tree.Expression]:
        if self.depth >= _DEEPEST:
            return ()
        self.depth += 1
        try:
            found = self.values.get(name, ())
            for value in found:
                self.of(value)
        finally:
            self.depth -= 1
        return found

    def compared(self, one: tree.Expression, other: tree.Expression) -> Iterator[Diagnostic]:
        """What is wrong with comparing two expressions: the side that is not a quantity is the one to change."""
        if self.speaks(other) and not self.speaks(one):
            one, other = other, one
        for node in _branches(other):
            dimension = self.of(one)
            if dimension is None:
                continue
            candidates = self.values.get(node.text, ()) if isinstance(node, tree.Name) else ()
            for value in candidates or (node,):
                found = self.of(value)
                if found is not None and not _are_alike(dimension, found):
                    yield _mismatch(one, dimension, node, value, found)
                    break

    def speaks(self, node: tree.Node) -> bool:
        """Whether there is a quantity in an expression."""
        if id(node) not in self.speaking:
            self.speaking[id(node)] = self.is_quantity(node) or any(map(self.speaks, children(node)))
        return self.speaking[id(node)]


def _branches(node: tree.Expression) -> Iterator[tree.Expression]:
    ahead = [node]
    while ahead:
        node = ahead.pop()
        if isinstance(node, tree.Conditional):
            ahead += [node.otherwise, node.chosen]
        elif isinstance(node, tree.Choice):
            ahead += node.options[::-1]
        else:
            yield node


def _of_literal(node: tree.Expression) -> str | None:
    if not isinstance(node, tree.Literal) or isinstance(node.value, bool | str | None):
        return None
    unit = _unit(node.text)
    return None if node.value == 0 and not unit else _OF_UNITS.get(unit)


def _unit(text: str) -> str:
    unit = _UNIT.search(text)
    return unit[1] or "" if unit is not None else ""


def _result(operator: str, left: str | None, right: str | None) -> str | None:
    """The dimension of what an operator makes of two."""
    if operator in _SUMS:
        return next((one for one in (left, right) if one not in (None, NUMBER)), left or right)
    if left is None or right is None:
        return None
    if operator == "*" and right in (NUMBER, SHARE):
        return left
    if operator == "*" and left in (NUMBER, SHARE):
        return right
    if operator in ("/", "//") and right in (NUMBER, SHARE):
        return left
    if operator in ("/", "//") and left == right:
        return NUMBER
    if operator == "%":
        return left
    return NUMBER if left == right == NUMBER and operator in ("*", "**") else None


def _are_alike(one: str, other: str) -> bool:
    return one == other or (NUMBER in (one, other) and not {TIME, BYTES} & {one, other})


def _mismatch(
    subject: tree.Expression, dimension: str, node: tree.Expression, value: tree.Expression, found: str
) -> Diagnostic:
    has_unit = not (isinstance(value, tree.Literal) and not _unit(value.text))
    what = f"is {found}" if has_unit and found != NUMBER else "is a number without a unit"
    notes = (Note(f"`{shown(value)}` {what}", value.span),) if value is not node else ()
    problem = DimensionMismatch(shown(subject), dimension, shown(node), what)
    return problem.at(node.span, notes=notes, help=_help(dimension, value))


def _help(dimension: str, value: tree.Expression) -> str:
    """How an amount of a dimension is written: with the digits that are there, where that is plain."""
    unit = {TIME: "ms", BYTES: "GB", COUNT: "M"}.get(dimension, "")
    if not isinstance(value, tree.Literal):
        return f"write {dimension}, for example `{2 if dimension == BYTES else 5}{unit}`"
    old = _unit(value.text)
    digits = value.text.removesuffix(old)
    if old and (f"{old[0]}B" in _OF_UNITS):
        unit = {BYTES: f"{old[0]}B", COUNT: old[0]}.get(dimension, unit)
    if dimension == TIME:
        return f"write {dimension}: `{digits}ms` or `{digits}s`"
    if dimension == BYTES and not old:
        return f"write {dimension}: `{digits}GB` or `{digits}MB`"
    return f"write {dimension}: `{digits}{unit}`"
