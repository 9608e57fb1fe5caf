"""Which bindings of a block its output is made of, and under which conditions.

A tensor that `out` does not depend on is not part of the network: it is not built and costs nothing. Where
that depends on a condition, as in `out = if stride == 1 then in else projected`, the condition is recorded, so that one
class can stand for blocks with the tensor and for blocks without.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from archdsl.elaborate.resolve.formulas import formula
from archdsl.ir.body import Bound, Element, TensorBinding
from archdsl.ir.parts import inside
from archdsl.language import tree

# More alternatives, or parts of one, than any formula has.
_MOST = 16
# A condition in the making: formulas that must all hold (none: always), or None where there is no formula.
_All = tuple[str, ...] | None


def conditions(block: tree.Block) -> Mapping[str, str | None]:
    """The bindings that are not always read, with the formula of when they are; None where no formula can say it."""
    bindings = [s for s in block.body if isinstance(s, tree.Binding) and s.fact is None]
    reads: dict[str, list[_All]] = {binding.name.text: [] for binding in bindings}
    reads["out"] = [()]
    for binding in reversed(bindings):
        for own in tuple(reads[binding.name.text]):
            for name, inner in _read(binding.value):
                if name in reads and name != binding.name.text:  # a loop reads what it has made so far
                    _also(reads[name], None if own is None or inner is None else own + inner)
    return {name: _any(found) for name, found in reads.items() if () not in found}


def _also(found: list[_All], one: _All) -> None:
    """Adds a condition to those of a binding. What is read in any case is read whatever else is true, and a binding
    that is read under very many conditions, as they multiply, has no formula that anyone would write."""
    if () in found or one in found:
        return
    if one == ():
        found[:] = [()]
    elif None in found or one is None or len(found) == _MOST or len(one) > _MOST:
        found[:] = [None]
    else:
        found.append(one)


def without_unread(
    body: Sequence[TensorBinding], known: Mapping[str, str | None], outputs: Iterable[str] = ("out",)
) -> list[TensorBinding]:
    """The bindings of an instance, without the values of those that reach no output. `known` are conditions."""
    needed = {*outputs}
    kept: list[TensorBinding] = []
    for binding in reversed(body):
        if binding.name not in needed:
            binding = TensorBinding.made(
                name=binding.name, value=None, output=binding.output, condition=known.get(binding.name)
            )
        else:
            assert binding.value is not None
            needed.update(part.name for part in inside(binding.value) if isinstance(part, Bound | Element))
            if binding.name in known:
                binding = TensorBinding.made(
                    name=binding.name, value=binding.value, output=binding.output, condition=known[binding.name]
                )
        kept.append(binding)
    return kept[::-1]


def _any(found: Sequence[_All]) -> str | None:
    if not found or None in found:
        return None
    alternatives = dict.fromkeys(" and ".join(f"({part})" for part in dict.fromkeys(one or ())) for one in found)
    return " or ".join(f"({one})" for one in alternatives)


def _read(node: tree.Expression, under: _All = ()) -> Iterator[tuple[str, _All]]:
    """The names that an expression reads, each with the conditions around it. Facts of a tensor do not read it."""
    match node:
        case tree.Name(text=text):
            yield text, under
        case tree.Conditional(condition=condition, chosen=chosen, otherwise=otherwise):
            test = formula(condition)
            yield from _read(chosen, _and(under, test))
            yield from _read(otherwise, _and(under, test and f"not ({test})"))
        case tree.Pipeline(steps=steps):
            for step in steps:
                yield from _read(step.value, _and(under, formula(step.condition)) if step.condition else under)
        case tree.Fact() | tree.Literal():
            return
        case tree.Call(arguments=arguments):
            for argument in arguments:
                yield from _read(argument.value, under)
        case tree.Binary(left=left, right=right):
            yield from _read(left, under)
            yield from _read(right, under)
        case tree.Unary(operand=inner) | tree.Composite(value=inner):
            yield from _read(inner, under)
        case tree.Listing(elements=elements):
            for element in elements:
                yield from _read(element, under)
        case tree.Element(owner=owner):
            yield from _read(owner, under)
        case tree.Each(over=over, body=body):
            yield from _read(over, under)
            # A condition of a round is none of the block.
            for name, inside in _read(body):
                yield name, under if inside == () else None


def _and(under: _All, text: str | None) -> _All:
    return None if under is None or text is None else (*under, text)
