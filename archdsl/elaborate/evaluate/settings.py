"""What a model binds once and its blocks use by name: `norm`, `act`, `padding` and `drop_path`."""

from __future__ import annotations

from archdsl.diagnostics import Span
from archdsl.elaborate.evaluate.describe import describe, kind, named
from archdsl.elaborate.evaluate.errors import BadPadding, BindingNotLayer, NotSchedule
from archdsl.elaborate.evaluate.values import LAYERS, PrimitiveLayer, Value, without_formulas
from archdsl.elaborate.problems import ElaborationError
from archdsl.ir.checks import attributes
from archdsl.ir.description import Schedule
from archdsl.ir.functions import as_whole
from archdsl.ir.operators import PRIMITIVES

_LAYERS = {"norm": "batch_norm", "act": "relu"}
_WORDS = ("symmetric", "same", "valid")


def default(name: str, span: Span) -> Value:
    """The value of a setting that a model does not bind; `span` stands for its place."""
    if name == "padding":
        return "symmetric"
    if name == "drop_path":
        return Schedule.made(rate=0.0, reach=False)
    kind = _LAYERS[name]
    operator = PRIMITIVES[kind].made(**{"kind": kind, **attributes(PRIMITIVES[kind])})
    return PrimitiveLayer(operator, (), {}, {}, span)


def checked(name: str, value: Value, span: Span) -> Value:
    """A setting's value, if it can be one. Formulas in it speak of the model's names, which blocks do not know."""
    if name == "padding":
        value = as_whole(value)
        is_width = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**15
        if value not in _WORDS and not is_width:
            raise ElaborationError(BadPadding(named(value)).at(span))
        return value
    if name == "drop_path":
        if value is None:
            return default(name, span)
        if not isinstance(value, Schedule):
            raise ElaborationError(
                NotSchedule(kind(value), describe(value) if isinstance(value, float) else "0.2").at(span)
            )
        return value
    if not isinstance(value, LAYERS):
        help = f"for none, write `{name} = identity`" if value is None else f"for example `{name} = {_LAYERS[name]}`"
        raise ElaborationError(BindingNotLayer(name, kind(value)).at(span, help=help))
    return without_formulas(value)
