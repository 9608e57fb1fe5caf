"""What a claim can ask of the cost model: `latency(h100)`, `step_time(v100, batch = 64)`, `memory(training)`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from archdsl.diagnostics import Diagnostic
from archdsl.elaborate.problems import ElaborationError
from archdsl.elaborate.resolve.errors import (
    DeviceIsFile,
    GivenTwice,
    NoDevice,
    SettingOfTraining,
    SettingWithoutName,
    UnknownArgument,
    UnknownDevice,
    WrongWord,
)
from archdsl.folders import device_names
from archdsl.language import tree

_DTYPES = ("float32", "bfloat16", "float16")


_YES = ("true", "false")


# The settings that are words, with the words; that of `batch` is a number.
_WORDS: Mapping[str, tuple[str, ...]] = {
    "dtype": _DTYPES,
    "on": ("cpu", "cuda"),
    "optimizer": ("sgd", "momentum", "adam", "rmsprop", "rmsprop_momentum"),
    "checkpoint": ("none", "block", "stage"),
    "ema": _YES,
    "training": _YES,
}


# What each quantity can be given besides; the first of a timed one is its device.
_TAKES: Mapping[str, tuple[str, ...]] = {
    "latency": ("device", "batch", "dtype"),
    "step_time": ("device", "batch", "dtype"),
    "memory": ("training", "batch", "dtype", "on", "optimizer", "checkpoint", "ema"),
}


_EXAMPLES: Mapping[str, str] = {
    "latency": "`latency(h100)` or `latency(h100, batch = 32)`",
    "step_time": "`step_time(v100, batch = 64)`",
    "memory": "`memory` or `memory(training, batch = 32, dtype = float16)`",
}


QUANTITIES = tuple(_TAKES)
# What a claim can speak of besides the names of its model and what the cost model predicts.
MEASURES = ("params", "macs", "flops", "activations", "out", "outputs", "reduction")


def asked(claim: tree.Expression, own: Collection[str] = ()) -> Iterator[tree.Name | tree.Call]:
    """The quantities in a claim. Names of the model's `own` are not quantities."""
    waiting: list[tree.Node] = [claim]
    while waiting:
        node = waiting.pop()
        if _is_asked(node, own):
            assert isinstance(node, tree.Name | tree.Call)
            yield node
            continue
        match node:
            case tree.Call(arguments=arguments):
                waiting += [argument.value for argument in reversed(arguments)]
            case tree.Unary() | tree.Binary() | tree.Conditional():
                waiting += [
                    part
                    for name in reversed(node.__struct_fields__)
                    if isinstance(part := getattr(node, name), tree.Node)
                ]


def answered(claim: tree.Expression, own: Collection[str] = ()) -> tree.Expression:
    """A claim with each quantity as a name that says it, such as `latency(h100)`: one that has a value."""
    if _is_asked(claim, own):
        return tree.Name(claim.span, as_written(claim))
    match claim:
        case tree.Unary(operator=operator, operand=operand):
            return tree.Unary(claim.span, operator, answered(operand, own))
        case tree.Binary(operator=operator, left=left, right=right):
            return tree.Binary(claim.span, operator, answered(left, own), answered(right, own))
        case tree.Conditional(condition=condition, chosen=chosen, otherwise=otherwise):
            return tree.Conditional(claim.span, *(answered(part, own) for part in (condition, chosen, otherwise)))
        case tree.Call(function=function, arguments=arguments):
            given = (tree.Argument(one.span, one.name, answered(one.value, own)) for one in arguments)
            return tree.Call(claim.span, function, tuple(given))
    return claim


def as_written(node: tree.Expression) -> str:
    """A quantity as it was written, on one line."""
    return " ".join(node.span.text.split())


def _is_asked(node: tree.Node, own: Collection[str]) -> bool:
    match node:
        case tree.Name(text=text) | tree.Call(function=tree.Name(text=text)):
            return text in _TAKES and text not in own
    return False


def mistakes(node: tree.Name | tree.Call, *, needs_device: bool = True) -> Iterator[Diagnostic]:
    """What is wrong with a quantity, as far as its text says."""
    try:
        settings_of(node, needs_device=needs_device)
    except ElaborationError as problem:
        yield problem.diagnostic


def settings_of(
    node: tree.Name | tree.Call, *, needs_device: bool = True
) -> tuple[str, dict[str, str | tree.Expression]]:
    """A quantity with its settings: words, and the expression of its batch. Raises ElaborationError for the first
    mistake. A time without a device is one, but where a command says the device."""
    function = node.function if isinstance(node, tree.Call) else node
    assert isinstance(function, tree.Name)
    quantity, takes = function.text, _TAKES[function.text]
    given: dict[str, str | tree.Expression] = {}
    for argument in node.arguments if isinstance(node, tree.Call) else ():
        name, value = _argument(quantity, argument, is_first=not given)
        if name in given:
            raise ElaborationError(GivenTwice(name, quantity).at(argument.span))
        given[name] = value
    if needs_device and takes[0] == "device" and "device" not in given:
        raise ElaborationError(NoDevice(quantity, _EXAMPLES[quantity], ", ".join(device_names())).at(node.span))
    if given.get("training") != "true":
        for name in ("optimizer", "checkpoint", "ema"):
            if name in given:
                raise ElaborationError(SettingOfTraining(name, quantity).at(node.span))
    return quantity, given


def _argument(quantity: str, argument: tree.Argument, *, is_first: bool) -> tuple[str, str | tree.Expression]:
    takes, value = _TAKES[quantity], argument.value
    if argument.name is not None:
        name = argument.name.text
        if name not in takes:
            help = f"its arguments are {', '.join(takes)}: {_EXAMPLES[quantity]}"
            raise ElaborationError(
                UnknownArgument(quantity, name).at(argument.name.span, help=help).suggesting(name, takes)
            )
        return name, value if name == "batch" else _word(name, value)
    if is_first and takes[0] == "device":
        return "device", _word("device", value)
    if isinstance(value, tree.Name) and value.text in takes and value.text in ("training", "ema"):
        return value.text, "true"
    example = f"for example {_EXAMPLES[quantity]}"
    if not isinstance(value, tree.Name):
        help = f"write `batch = {as_written(value)}`; {example}"
    elif value.text in device_names():
        help = "memory is predicted for the allocator of a CPU or of CUDA: `memory(on = cuda)`"
    elif (of := next((name for name in takes if value.text in _WORDS.get(name, ())), None)) is not None:
        help = f"write `{of} = {value.text}`; {example}"
    else:
        words = [word for name in takes for word in (name, *_WORDS.get(name, ()))]
        unknown = UnknownArgument(quantity, value.text).at(value.span, help=example)
        raise ElaborationError(unknown.suggesting(value.text, words, can_fix=False))
    raise ElaborationError(SettingWithoutName(quantity).at(value.span, help=help))


def _word(name: str, node: tree.Expression) -> str:
    """The word of a setting, or the name of a device. Raises ElaborationError where it is none that there is."""
    words = device_names() if name == "device" else _WORDS[name]
    is_quoted = isinstance(node, tree.Literal) and isinstance(node.value, str)
    text = node.span.text[1:-1] if is_quoted else node.span.text
    if text in words:
        return text
    if name == "device":
        raise _no_device(node, text)
    raise ElaborationError(WrongWord(name, words).at(node.span).suggesting(text, words))


def _no_device(node: tree.Expression, text: str) -> ElaborationError:
    known = device_names()
    if text.isidentifier():
        problem = UnknownDevice(text).at(node.span, help=f"devices are {', '.join(known)}")
        # Another device is another claim: that is for its author to say.
        return ElaborationError(problem.suggesting(text, known, can_fix=False))
    return ElaborationError(DeviceIsFile(", ".join(known)).at(node.span))
