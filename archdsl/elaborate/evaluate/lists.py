"""Lists: their values one by one, loops over them, and tensors in parts."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from archdsl.diagnostics import Note, Span
from archdsl.elaborate.evaluate.describe import describe, kind, named
from archdsl.elaborate.evaluate.errors import (
    BadIndex,
    BadPart,
    BadSplit,
    ElementOfOther,
    ForOverOther,
    LengthOfOther,
    LoopInLoop,
    MixedList,
    NestedList,
    NoElement,
    SplitOfOther,
    SplitSizes,
    TooManyRounds,
    UnpackedCount,
    UnpackedOther,
    WrongElement,
)
from archdsl.elaborate.evaluate.explain import reasons
from archdsl.elaborate.evaluate.layers import primitive
from archdsl.elaborate.evaluate.values import (
    LAYERS,
    LayerStep,
    List,
    Origin,
    Scope,
    SequenceLayer,
    Tensor,
    Value,
)
from archdsl.elaborate.problems import ElaborationError
from archdsl.elaborate.resolve.definitions import work_of_text
from archdsl.elaborate.resolve.formulas import formula
from archdsl.ir.base import Size
from archdsl.ir.body import Element, Loop, TensorList
from archdsl.ir.functions import as_whole
from archdsl.language import tree
from archdsl.language.nodes import names_in
from archdsl.limits import limits

# The number of a round in formulas, where the text gives it no name.
_INDEX = "index"


def listed(values: Sequence[tuple[Value, Span]], name: str) -> List:
    """`[a, b, c]`; one of tensors is called `name`, until it is bound."""
    for value, span in values:
        if isinstance(value, List):
            raise ElaborationError(NestedList().at(span))
        if not isinstance(value, (bool, int, float, str, Size, Tensor, *LAYERS)) and value is not None:
            raise ElaborationError(WrongElement(kind(value)).at(span))
    return _made(values, name, None)


def _made(values: Sequence[tuple[Value, Span]], name: str, loop: Loop | None) -> List:
    items = tuple(value for value, _ in values)
    tensors = [isinstance(item, Tensor) for item in items]
    if not any(tensors):
        return List(items)
    if not all(tensors):
        raise ElaborationError(MixedList(kind(items[tensors.index(False)])).at(values[tensors.index(False)][1]))
    parts = tuple(item.expression for item in items if isinstance(item, Tensor))
    return List(items, TensorList.made(node="list", name=name, values=parts, loop=loop))


def element(node: tree.Element, owner: Value, index: Value, scope: Scope) -> Value:
    """`owner[index]`."""
    if not isinstance(owner, List):
        problem = ElementOfOther(kind(owner), isinstance(owner, Tensor))
        raise ElaborationError(problem.at(node.owner.span, notes=_reasons(node.owner, owner, scope)))
    index = as_whole(index)
    if not isinstance(index, int) or isinstance(index, bool):
        raise ElaborationError(BadIndex(kind(index)).at(node.index.span, notes=_reasons(node.index, index, scope)))
    if not 0 <= index < len(owner.items):
        notes = _reasons(node.index, index, scope)
        raise ElaborationError(NoElement(index, len(owner.items)).at(node.index.span, notes=notes))
    return _numbered(owner.items[index], formula(node.index))


def check_unpacked(binding: tree.Binding, value: Value, scope: Scope) -> None:
    """Refuses `x, y = value` where that is no list of as many values. Raises ElaborationError."""
    count, notes = len(binding.unpacked), _reasons(binding.value, value, scope)
    if not isinstance(value, List):
        raise ElaborationError(UnpackedOther(count, kind(value)).at(binding.value.span, notes=notes))
    if len(value.items) != count:
        names = [name.text for name in binding.unpacked]
        problem = UnpackedCount(count, len(value.items), names)
        raise ElaborationError(problem.at(binding.name.span, notes=notes))


def length(node: tree.Call, value: Value, scope: Scope) -> int:
    """`length(list)`."""
    if not isinstance(value, List):
        argument = node.arguments[0].value
        raise ElaborationError(LengthOfOther(kind(value)).at(argument.span, notes=_reasons(argument, value, scope)))
    return len(value.items)


def _reasons(node: tree.Expression, value: Value, scope: Scope) -> tuple[Note, ...]:
    return reasons(Origin(node, scope), value)


def _numbered(item: Value, text: str | None) -> Value:
    """A value of a list; of a tensor of a list with a name it is known by which formula it was chosen."""
    if not isinstance(item, Tensor) or not isinstance(item.expression, Element):
        return item
    chosen = Element.made(node="element", name=item.expression.name, index=item.expression.index, formula=text)
    return Tensor(item.shape, chosen, item.facts, item.channels_from)


# Loops ---------------------------------------------------------------------------------------------------------------


def each(
    node: tree.Each, over: Value, scope: Scope, evaluate: Callable[[tree.Expression, Scope], Value], own: str = ""
) -> List:
    """`for index, variable in over: body`. In the body of one that is bound, its name `own` is the list so far."""
    count = _count(node, over, scope)
    is_count = not isinstance(over, List)
    variable = node.variable.text
    index = node.index.text if node.index else variable if is_count else _free(_INDEX, scope)
    rounds = max(1, scope.rounds) * count
    if rounds > limits().elements:
        raise ElaborationError(TooManyRounds(rounds).at(node.over.span, notes=_reasons(node.over, over, scope)))
    work = 1 + work_of_text(node.body)
    reads_own = own != "" and any(name.text == own for name in names_in(node.body))
    so_far: list[Value] = []
    found: list[tuple[Value, Span]] = []
    for number in range(count):
        if scope.effort is not None:
            scope.effort.spend(work, node.span)
        names = {**scope.names, index: number}
        names[variable] = number if is_count else _numbered(over.items[number], index)  # type: ignore[union-attr]
        if reads_own:
            names[own] = List(tuple(so_far), None, own)
        origins = {**scope.origins, variable: Origin(_element_of(node.over, number), scope)}
        value = evaluate(node.body, replace(scope, names=names, origins=origins, rounds=rounds))
        if isinstance(value, List):
            raise ElaborationError(NestedList().at(node.body.span))
        found.append((value, node.body.span))
        so_far.append(value.element(own, number) if reads_own and isinstance(value, Tensor) else value)
    if scope.rounds and any(isinstance(value, Tensor) for value in so_far):
        raise ElaborationError(LoopInLoop().at(node.span))
    elements = over.items if isinstance(over, List) and over.is_of_scalars else ()
    loop = Loop.made(
        index=index,
        variable=None if is_count else variable,
        elements=elements,
        over=formula(node.over),
    )
    return _made(found, scope.steps.get(node) or own, loop)


def _element_of(node: tree.Expression, number: int) -> tree.Expression:
    """Where one of the values of a list is written, if it is known; else the list."""
    if isinstance(node, tree.Listing) and number < len(node.elements):
        return node.elements[number]
    return node.value if isinstance(node, tree.Composite) else node


def _count(node: tree.Each, over: Value, scope: Scope) -> int:
    """How many rounds a loop has."""
    if isinstance(over, List):
        return len(over.items)
    over = as_whole(over)
    if not isinstance(over, int) or isinstance(over, bool) or over < 0:
        notes = _reasons(node.over, over, scope)
        raise ElaborationError(ForOverOther(kind(over)).at(node.over.span, notes=notes))
    return over


def _free(name: str, scope: Scope) -> str:
    """A name for the number of a round that means nothing in the scope yet."""
    wanted, number = name, 1
    while name in scope.names or name in scope.waiting:
        number += 1
        name = f"{wanted}_{number}"
    return name


# Tensors in parts ----------------------------------------------------------------------------------------------------


def split(node: tree.Call, tensor: Value, parts: Value, scope: Scope) -> List:
    """`split(x, 4)` in equal parts of the channels, `split(x, [24, 40])` in parts of these sizes."""
    first, second = node.arguments[0], node.arguments[1]
    if not isinstance(tensor, Tensor):
        raise ElaborationError(SplitOfOther(kind(tensor)).at(first.value.span))
    tensor = scope.bound(scope.steps.get(first) or "tensor", tensor)
    text = formula(second.value)
    index = _free(_INDEX, scope)
    if not isinstance(parts, List):
        parts = as_whole(parts)
        if not isinstance(parts, int) or isinstance(parts, bool) or parts < 1:
            notes = _reasons(second.value, parts, scope)
            raise ElaborationError(BadSplit(kind(parts)).at(second.value.span, notes=notes))
        if parts > limits().elements:
            raise ElaborationError(TooManyRounds(parts).at(second.value.span))
        equal: list[dict[str, Value]] = [{"parts": parts, "index": number} for number in range(parts)]
        return _parts(node, tensor, "chunk", equal, [text] * parts, index, text, scope)
    sizes: list[int] = []
    for number, size in enumerate(map(as_whole, parts.items), 1):
        if not isinstance(size, int) or isinstance(size, bool) or size < 1:
            listed = second.value
            place = listed.elements[number - 1] if isinstance(listed, tree.Listing) else listed
            problem = BadPart(number, named(size), isinstance(size, int | float))
            raise ElaborationError(problem.at(place.span, notes=_reasons(place, size, scope)))
        sizes.append(size)
    if not sizes:
        raise ElaborationError(BadSplit(kind(parts)).at(second.value.span))
    if sum(sizes) != tensor.shape.channels:
        label = f"{describe(parts)} are {sum(sizes)} channels, and the tensor has {tensor.shape.channels}"
        notes = _reasons(second.value, parts, scope)
        raise ElaborationError(SplitSizes(sum(sizes), tensor.shape.channels).at(second.value.span, label, notes=notes))
    given: list[dict[str, Value]] = [
        {"start": sum(sizes[:number]), "channels": size} for number, size in enumerate(sizes)
    ]
    texts: list[str | None] = [None] * len(sizes)
    if isinstance(second.value, tree.Listing):
        texts = [formula(size) for size in second.value.elements]
    return _parts(node, tensor, "slice", given, texts, index, text and f"length({text})", scope)


def _parts(
    node: tree.Call,
    tensor: Tensor,
    operator: str,
    given: Sequence[dict[str, Value]],
    texts: Sequence[str | None],
    index: str,
    over: str | None,
    scope: Scope,
) -> List:
    origins = {"parts": Origin(node.arguments[1].value, scope)} if operator == "chunk" else {}
    found: list[tuple[Value, Span]] = []
    for values, text in zip(given, texts, strict=True):
        formulas = {} if text is None else {"parts" if operator == "chunk" else "channels": text}
        layer = primitive(operator, values, formulas, origins, node.span, scope)
        steps = SequenceLayer((LayerStep(operator, layer),), node.span)
        found.append((scope.applier.chain(tensor, steps), node.span))
    loop = Loop.made(index=index, variable=None, elements=(), over=over)
    return _made(found, scope.steps.get(node) or "parts", loop)
