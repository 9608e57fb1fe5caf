"""Formulas: scalar expressions kept beside the values they gave, as Python expression text.

A formula speaks of the scalars of one block: its parameters, its own bindings, and facts of its input under the names
`in_channels`, `in_height`, `in_width` or `in_<fact>`. Backends use formulas to write code that computes what the table
says (`hidden = divisible(in_channels * expansion)`) instead of numbers without a reason. A value always stands beside
its formula, so a backend that has no use for formulas loses nothing.
"""

from __future__ import annotations

import ast
import builtins
import keyword

# Names that emitted code uses for itself.
_RESERVED = frozenset(dir(builtins)) | {"self", "torch", "nn", "functional", "Tensor", "divisible", "pipeline"}


def identifier(name: str) -> str:
    """A Python name for a name of the language, the same every time; one that Python keeps for itself gets a `_`."""
    return f"{name}_" if keyword.iskeyword(name) or keyword.issoftkeyword(name) or name in _RESERVED else name


def names(formula: str) -> set[str]:
    """The scalars that a formula speaks of."""
    tree = ast.parse(formula, mode="eval")
    functions = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and id(node) not in functions}


# What `torch.nn.Module` and `torch.nn.Sequential` call their own attributes (a test compares with torch).
_MODULE_ATTRIBUTES = frozenset(
    """
    T_destination add_module append apply bfloat16 buffers call_super_init children compile cpu cuda double dump_patches
    eval extend extra_repr float forward get_buffer get_extra_state get_parameter get_submodule half insert ipu
    load_state_dict modules mtia named_buffers named_children named_modules named_parameters parameters pop
    register_backward_hook register_buffer register_forward_hook register_forward_pre_hook
    register_full_backward_hook register_full_backward_pre_hook register_load_state_dict_post_hook
    register_load_state_dict_pre_hook register_module register_parameter register_state_dict_post_hook
    register_state_dict_pre_hook requires_grad_ set_extra_state set_submodule share_memory state_dict to to_empty train
    training type xpu zero_grad
    """.split()
)


def module_name(name: str) -> str:
    """A name for a sub-module: a Python identifier that no attribute of `torch.nn.Module` has taken."""
    name = identifier(name)
    return f"{name}_" if name in _MODULE_ATTRIBUTES or name.startswith("_") else name
