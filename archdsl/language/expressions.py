"""Expressions as text: the fragments that each is made of, and how it reads on one line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from archdsl.diagnostics import Span
from archdsl.language import tree
from archdsl.language.operators import (
    BINARY,
    COMPARISON,
    CONDITIONAL,
    PIPELINE,
    POSTFIX,
    POWER,
    SHAPE,
    SIGN,
    UNARY,
    precedence,
)


@dataclass(frozen=True, slots=True)
class Slot:
    """A place for an expression, which gets parentheses when it binds looser than the place allows."""

    expression: tree.Expression
    loosest: int


@dataclass(frozen=True, slots=True)
class Element:
    """One of the things in brackets: `value`, `name = value` or, a parameter without default, `name`."""

    span: Span
    name: str
    value: tree.Expression | None


@dataclass(frozen=True, slots=True)
class Brackets:
    """`(...)` or `[...]`, whose elements may stand on a line each; `start` and `end` hold what is inside."""

    opening: str
    elements: tuple[Element, ...]
    closing: str
    start: int
    end: int


Fragment = str | Slot | Brackets


def fragments(expression: tree.Expression) -> Sequence[Fragment]:
    """What an expression is made of, in order."""
    match expression:
        case tree.Name(text=text) | tree.Literal(text=text):
            return (text,)
        case tree.Call(function=function):
            given = arguments(expression.arguments, function.span.end, expression.span.end)
            if isinstance(function, tree.Literal):  # `5%(x)` would be a remainder
                return "(", Slot(function, PIPELINE), ")", given
            return Slot(function, POSTFIX), given
        case tree.Fact(owner=owner, name=name):
            if _ends_in_digits(owner) and name.text[0].isdigit():  # `2.8` would be one number
                return "(", Slot(owner, PIPELINE), ")", f".{name.text}"
            return Slot(owner, POSTFIX), f".{name.text}"
        case tree.Binary(operator=operator, left=left, right=right):
            loosest_left, loosest_right = operands(operator)
            return Slot(left, loosest_left), f" {operator} ", Slot(right, loosest_right)
        case tree.Unary(operator=operator, operand=operand):
            return "not " if operator == "not" else operator, Slot(operand, UNARY[operator])
        case tree.Conditional(condition=condition, chosen=chosen, otherwise=otherwise):
            then = " then ", Slot(chosen, PIPELINE)
            return "if ", Slot(condition, PIPELINE), *then, " else ", Slot(otherwise, CONDITIONAL)
        case tree.ShapeOf(sizes=sizes):
            return _joined(" x ", [Slot(size, SHAPE + 1) for size in sizes])
        case tree.Pipeline(steps=steps):
            found: list[Fragment] = []
            for step in steps:
                value = step_value(step, is_last=step is steps[-1])
                found += (" -> ", *value) if found else value
                found += (" ", *step_condition(step)) if step.condition is not None else ()
            return found
        case tree.Composite(value=value, span=span):
            return (Brackets("[", (Element(value.span, "", value),), "]", span.start, span.end),)
        case tree.Listing(elements=elements, is_bare=True):
            return _joined(", ", [Slot(element, PIPELINE) for element in elements])
        case tree.Listing(elements=elements, span=span):
            if len(elements) == 1:  # `[a]` may be a layer
                return "[", Slot(elements[0], PIPELINE), ",]"
            inside = tuple(Element(element.span, "", element) for element in elements)
            return (Brackets("[", inside, "]", span.start, span.end),)
        case tree.Element(owner=owner, index=index):
            own = ("(", Slot(owner, PIPELINE), ")") if isinstance(owner, tree.Literal) else (Slot(owner, POSTFIX),)
            return *own, "[", Slot(index, PIPELINE), "]"
        case tree.Each(index=number, variable=variable, over=over, body=body):
            variables = f"{number.text}, {variable.text}" if number else variable.text
            return f"for {variables} in ", Slot(over, CONDITIONAL), ": ", Slot(body, PIPELINE)
        case tree.Choice(options=options):
            return "{", *_joined(", ", [Slot(option, PIPELINE) for option in options]), "}"


def _ends_in_digits(owner: tree.Expression) -> bool:
    """Whether it is a number, or the variant of a model that is called like one: `resnet.50`."""
    return isinstance(owner, tree.Literal) or (isinstance(owner, tree.Fact) and owner.name.text[0].isdigit())


def operands(operator: str) -> tuple[int, int]:
    """How loosely the operands of a binary operator may bind."""
    binds = BINARY[operator]
    if binds == POWER:  # groups to the right, and its exponent may carry a sign
        return POSTFIX, SIGN
    return binds + 1 if binds == COMPARISON else binds, binds + 1


def step_value(step: tree.Step, *, is_last: bool) -> Sequence[Fragment]:
    """`value as name`."""
    value = Slot(step.value, CONDITIONAL if is_last or not _has_arrow(step.value) else CONDITIONAL + 1)
    return (value, f" as {step.name.text}") if step.name else (value,)


def _has_arrow(expression: tree.Expression) -> bool:
    """Whether a `then` holds a `->`: one that comes behind `else` would not say which branches it follows."""
    while isinstance(expression, tree.Conditional):
        chosen = expression.chosen
        if (isinstance(chosen, tree.Pipeline) and len(chosen.steps) > 1) or _has_arrow(chosen):
            return True
        expression = expression.otherwise
    return False


def step_condition(step: tree.Step) -> Sequence[Fragment]:
    """`when condition`, of a step that has one."""
    return ("when ", Slot(step.condition, CONDITIONAL)) if step.condition is not None else ()


def arguments(given: Sequence[tree.Argument], start: int, end: int) -> Brackets:
    """The arguments of a call, which stand between two offsets of the text."""
    elements = (Element(one.span, one.name.text if one.name else "", one.value) for one in given)
    return Brackets("(", tuple(elements), ")", start, end)


def parameters(declared: Sequence[tree.Parameter], start: int, end: int) -> Brackets:
    """The parameters of a block or model, which stand between two offsets of the text."""
    return Brackets("(", tuple(Element(one.span, one.name.text, one.default) for one in declared), ")", start, end)


def element_fragments(element: Element) -> Sequence[Fragment]:
    """`value`, `name = value` or `name`."""
    if element.value is None:
        return (element.name,)
    return (f"{element.name} = " if element.name else "", Slot(element.value, PIPELINE))


def one_line(expression: tree.Expression, loosest: int = PIPELINE) -> str:
    """An expression on one line, in parentheses when it binds looser than its place allows."""
    text = one_line_of(fragments(expression))
    return f"({text})" if precedence(expression) < loosest else text


def one_line_of(parts: Sequence[Fragment]) -> str:
    """Fragments on one line."""
    texts = []
    for part in parts:
        match part:
            case str():
                texts.append(part)
            case Slot(expression=expression, loosest=loosest):
                texts.append(one_line(expression, loosest))
            case Brackets(opening=opening, elements=elements, closing=closing):
                inside = ", ".join(one_line_of(element_fragments(element)) for element in elements)
                texts.append(f"{opening}{inside}{closing}")
    return "".join(texts)


class Widths:
    """How many characters expressions take on one line. Each is measured once, however often somebody asks."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[tree.Expression, int]] = {}  # with the node, so that its id stays its own

    def of(self, parts: Sequence[Fragment]) -> int:
        """The width of fragments."""
        width = 0
        for part in parts:
            match part:
                case str():
                    width += len(part)
                case Slot(expression=expression, loosest=loosest):
                    width += self.expression(expression, loosest)
                case Brackets(elements=elements):
                    width += 2 + 2 * max(0, len(elements) - 1)
                    width += sum(self.of(element_fragments(element)) for element in elements)
        return width

    def expression(self, expression: tree.Expression, loosest: int) -> int:
        """The width of `one_line` of the same."""
        known = self._known.get(id(expression))
        if known is None:
            known = self._known[id(expression)] = expression, self.of(fragments(expression))
        return known[1] + (2 if precedence(expression) < loosest else 0)


def _joined(separator: str, slots: Sequence[Slot]) -> list[Fragment]:
    found: list[Fragment] = []
    for slot in slots:
        found += (separator, slot) if found else (slot,)
    return found
