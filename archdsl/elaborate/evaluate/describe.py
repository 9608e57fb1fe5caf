"""Values as diagnostics write them."""

from __future__ import annotations

from archdsl.elaborate.evaluate.values import (
    LAYERS,
    AlternativeLayer,
    BlockLayer,
    Bytes,
    List,
    Outputs,
    PrimitiveLayer,
    RepeatLayer,
    Seconds,
    SequenceLayer,
    SharedLayer,
    Tensor,
    Value,
)
from archdsl.ir.base import Scalar as Scalar
from archdsl.ir.base import Shape, Size
from archdsl.ir.description import Schedule


def describe(value: Value) -> str:
    """A value as a reader would write it."""
    if isinstance(value, Seconds | Bytes):
        return str(value)
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if isinstance(value, int | float):
        return number(value)
    if isinstance(value, Tensor):
        return f"a tensor of {value.shape}"
    if isinstance(value, PrimitiveLayer):
        given = ", ".join(f"{name} = {describe(getattr(value.operator, name))}" for name in value.given)
        return f"{value.operator.kind}({given})" if given else value.operator.kind
    if isinstance(value, BlockLayer):
        given = ", ".join(f"{name} = {describe(argument)}" for name, argument in value.arguments)
        return f"{value.definition.name}({given})" if given else value.definition.name
    if isinstance(value, SequenceLayer):
        return "[" + " -> ".join(describe(step.layer) for step in value.steps if step.layer) + "]"
    if isinstance(value, RepeatLayer):
        return f"{describe(value.layer)} * {value.count}"
    if isinstance(value, AlternativeLayer | SharedLayer):
        return describe(value.layer)
    if isinstance(value, List):
        return _list(value)
    if isinstance(value, Outputs):
        return f"outputs {{ {', '.join(value.shapes)} }}"
    if isinstance(value, Schedule):
        return f"ramp({number(value.rate)}{', reach = true' if value.reach else ''})"
    return str(value)


# More values of a list than a sentence holds.
_MOST = 8


def _list(value: List) -> str:
    shown = [describe(item) for item in value.items[:_MOST]]
    shown += ["..."] if len(value.items) > _MOST else []
    return f"[{', '.join(shown)}{',' if len(shown) == 1 and isinstance(value.items[0], LAYERS) else ''}]"


def number(value: int | float) -> str:
    """A number in full, without the noise of binary floating point."""
    return str(value) if isinstance(value, int) else f"{value:.12g}"


def kind(value: Value) -> str:
    """What kind of thing a value is, in a diagnostic's words."""
    if value is None:
        return "`none`"
    if isinstance(value, bool):
        return f"`{describe(value)}`"
    if isinstance(value, int | float):
        return f"the number {number(value)}"
    if isinstance(value, str):
        return f"the name `{value}`"
    if isinstance(value, Tensor):
        return f"a tensor ({value.shape})"
    if isinstance(value, Size):
        return f"a size ({value})"
    if isinstance(value, Shape):
        return f"a shape ({value})"
    if isinstance(value, Schedule):
        return "a schedule"
    if isinstance(value, List):
        is_of_tensors = any(isinstance(item, Tensor) for item in value.items)
        return f"a list of {len(value.items)} tensors" if is_of_tensors else f"a list (`{describe(value)}`)"
    return f"a layer (`{describe(value)}`)"


def named(value: Value) -> str:
    """A value in a sentence that says what it should be: numbers plain, all else with its kind."""
    if isinstance(value, float) and number(value).isdigit():  # where a whole number is needed, 5.0 is none
        return f"{number(value)}.0"
    return number(value) if isinstance(value, int | float) and not isinstance(value, bool) else kind(value)
