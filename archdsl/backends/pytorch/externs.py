"""What emitted functions and classes call the modules that their caller brings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from archdsl.backends.pytorch.naming import OF_NETWORKS, Names
from archdsl.backends.pytorch.texts import FILE_NAMES, function_name
from archdsl.ir.architecture import Architecture
from archdsl.ir.body import Apply, TensorList
from archdsl.ir.externs import externs
from archdsl.ir.names import identifier
from archdsl.ir.operators.extern import Extern
from archdsl.ir.parts import inside


def argument_names(architectures: Sequence[Architecture]) -> Mapping[str, str]:
    """The argument for each module, by the name of its block: that name in lower case, unless it is taken.

    One name serves the whole file, from the function to the class that constructs the module, so no scalar of any
    block may have it.
    """
    needed = list(dict.fromkeys(module for architecture in architectures for module in externs(architecture)))
    if not needed:
        return {}
    names = Names({*FILE_NAMES, *OF_NETWORKS, *(function_name(architecture.name) for architecture in architectures)})
    for architecture in architectures:
        for block in architecture.blocks.values():
            names.taken |= {*block.scalars, *block.lists, *map(identifier, block.parameters)}
            for binding in block.body:
                for part in inside(binding.value) if binding.value is not None else ():
                    if isinstance(part, TensorList) and part.loop is not None:
                        names.taken |= {part.loop.index, part.loop.variable or part.loop.index}
    return {module: names.new(identifier(module.lower())) for module in needed}


def call_of(argument: str, layers: Sequence[Apply]) -> str:
    """How an argument is called, `deform(in_channels, channels, kernel=...)`, for the layers that it constructs."""
    operators = [layer.operator for layer in layers if isinstance(layer.operator, Extern)]
    names = [name for name, _ in operators[0].arguments]
    first = ["in_channels", *(["channels"] if "channels" in names else [])]
    return f"{argument}({', '.join([*first, *(f'{identifier(name)}=...' for name in names if name != 'channels')])})"
