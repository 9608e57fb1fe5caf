"""What blocks, primitives and functions take, and whether the arguments of a call fit."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from msgspec import Struct
from msgspec.structs import replace

from archdsl.diagnostics import Diagnostic, Note, Span
from archdsl.elaborate.problems import in_library
from archdsl.elaborate.resolve.errors import (
    GivenTwice,
    MissingArguments,
    NoValues,
    TakesNoArguments,
    TooManyArguments,
    UnknownArgument,
)
from archdsl.elaborate.resolve.words import WORDS
from archdsl.elaborate.resolve.written import shown
from archdsl.ir.checks import arguments, words
from archdsl.ir.functions import OF_NUMBERS
from archdsl.ir.operators import PRIMITIVES
from archdsl.language import tree


class Signature(Struct, frozen=True):
    """The parameters of something that can be called, in order, and those of them that must be given."""

    name: str
    parameters: tuple[str, ...]
    required: tuple[str, ...] = ()
    # The words that an argument may be, with its parameter.
    words: tuple[tuple[str, tuple[str, ...]], ...] = ()
    # Takes any number of values, none of them by name.
    takes_many: bool = False
    # The name of a block where it is defined.
    declared: Span | None = None


OF_LISTS = {
    "concat": Signature("concat", (), takes_many=True),
    "sum": Signature("sum", (), takes_many=True),
    "split": Signature("split", ("tensor", "parts"), ("tensor", "parts")),
    "length": Signature("length", ("list",), ("list",)),
}
RAMP = Signature("ramp", ("rate", "reach"), ("rate",))


@cache
def of_primitive(name: str) -> Signature:
    operator = PRIMITIVES[name]
    known = arguments(operator)
    required = tuple(argument for argument, default in known.items() if default is ...)
    parameters = (*known, *operator.may_read)
    return Signature(name, parameters, required, tuple(words(operator).items()))


@cache
def of_function(name: str) -> Signature:
    """The signature of `divisible`, `round`, ..., `concat`, `split` or `ramp`."""
    if name == "ramp":
        return RAMP
    if name in OF_LISTS:
        return OF_LISTS[name]
    parameters = OF_NUMBERS[name].parameters
    return Signature(name, parameters, parameters[:1], takes_many=not parameters)


def fit(call: tree.Call, signature: Signature) -> tuple[list[tuple[str, tree.Argument]], list[Diagnostic]]:
    """The arguments of a call by parameter, and what is wrong with the others."""
    fitting: dict[str, tree.Argument] = {}
    problems: list[Diagnostic] = []
    parameters = signature.parameters
    named: set[str] | None = None
    for index, argument in enumerate(call.arguments):
        if argument.name is None:
            if signature.takes_many:
                fitting[str(index)] = argument
                continue
            if index >= len(parameters):
                problems.append(_elsewhere(_too_many(signature, argument), signature))
                break
            parameter, place = parameters[index], argument.span
        else:
            parameter, place = argument.name.text, argument.name.span
            if parameter not in parameters:
                named = named or {other.name.text for other in call.arguments if other.name is not None}
                free = [name for name in parameters if name not in fitting and name not in named]
                problems.append(_elsewhere(_unknown(signature, argument.name, free), signature))
                continue
        if parameter in fitting:
            notes = (Note("first given here", fitting[parameter].span),)
            problems.append(GivenTwice(parameter, signature.name).at(place, notes=notes))
            continue
        fitting[parameter] = argument
    if signature.takes_many and not call.arguments:
        problems.append(NoValues(signature.name).at(call.span))
    return list(fitting.items()), problems


def own_word(node: tree.Expression, words: Iterable[str]) -> str | None:
    """The word that an argument is, if it is one of those that mean themselves there, and other things elsewhere."""
    is_own = isinstance(node, tree.Name) and node.text in words and node.text not in WORDS
    return node.text if is_own else None  # type: ignore[union-attr]


def words_of(call: tree.Call, signature: Signature | None) -> list[tuple[str, ...]]:
    """The words that each argument of a call may be."""
    if signature is None or not signature.words:
        return [()] * len(call.arguments)
    names = (*signature.parameters, *[""] * len(call.arguments))
    parameters = [argument.name.text if argument.name else name for argument, name in zip(call.arguments, names)]  # noqa: B905
    known = dict(signature.words)
    return [known.get(parameter, ()) for parameter in parameters]


def missing(signature: Signature, given: Iterable[str], span: Span, declared: Note | None = None) -> Diagnostic | None:
    """A diagnostic for the parameters that must be given and are not."""
    if not signature.required:
        return None
    known = set(given)
    absent = [parameter for parameter in signature.required if parameter not in known]
    if not absent:
        return None
    problem = MissingArguments(signature.name, absent).at(span, notes=(declared,) if declared else ())
    return problem if declared else _elsewhere(problem, signature)


def _elsewhere(problem: Diagnostic, signature: Signature) -> Diagnostic:
    """A call that does not fit, with the block that it means where that is in another file of the user's."""
    declared = signature.declared
    if declared is None or problem.span is None or declared.source is problem.span.source or in_library(declared):
        return problem
    return replace(problem, notes=(*problem.notes, Note(f"`{signature.name}` is this block", declared)))


def _too_many(signature: Signature, argument: tree.Argument) -> Diagnostic:
    count = len(signature.parameters)
    if not count:
        is_layer = signature.name in PRIMITIVES and not isinstance(argument.value, tree.Literal)
        help = f"it is a layer: write `{shown(argument.value)} -> {signature.name}`" if is_layer else None
        return TakesNoArguments(signature.name).at(argument.span, help=help)
    return TooManyArguments(signature.name, count).at(argument.span, help=_takes(signature))


def _unknown(signature: Signature, name: tree.Identifier, free: Iterable[str]) -> Diagnostic:
    problem = UnknownArgument(signature.name, name.text).at(name.span, help=_takes(signature))
    return problem.suggesting(name.text, free)


def _takes(signature: Signature) -> str:
    if signature.takes_many:
        return f"it takes values without names: `{signature.name}(a, b)`"
    if not signature.parameters:
        return "it takes no arguments"
    first, *others = signature.parameters
    return f"its arguments are {first}, {', '.join(others)}" if others else f"its one argument is {first}"
