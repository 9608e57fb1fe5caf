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
import re
from functools import lru_cache

# What emitted code uses for itself, besides classes.
_RESERVED = frozenset(dir(builtins)) | frozenset(keyword.kwlist) | frozenset(keyword.softkwlist)
_RESERVED |= {"self", "torch", "nn", "functional", "divisible", "pipeline", "initialize", "pad_same", "drop_path"}

# Names that Python mangles, and those of facts of a block's input.
_PREFIXED = re.compile(r"(own_)*(_|in_)")
_PRIVATE = re.compile(r"(own)*_")


def identifier(name: str) -> str:
    """A Python name for a name of the language, the same every time and a different one for every name.

    A name that Python or emitted code keeps for itself, or that could be a class's, gets a `_`; one that begins with
    `_` or `in_` gets an `own_`.
    """
    return python_name(f"own_{name}" if _PREFIXED.match(name) else name)


def python_name(name: str) -> str:
    """The same for variables, which may begin as they like."""
    plain = name.rstrip("_")
    is_like_a_class = plain[:1].isupper() and "_" not in plain
    return f"{name}_" if plain in _RESERVED or is_like_a_class else name


@lru_cache(maxsize=4096)
def names(formula: str) -> frozenset[str]:
    """The scalars that a formula speaks of."""
    tree = ast.parse(formula, mode="eval")
    functions = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    return frozenset(node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and id(node) not in functions)


# What `torch.nn.Module` and `torch.nn.Sequential` call their own attributes (a test compares with torch).
_MODULE_ATTRIBUTES = frozenset(
    """
    T_destination add_module append apply bfloat16 buffers call_super_init children compile cpu cuda double dump_patches
    eval extend extra_repr float forward get_buffer get_extra_state get_parameter get_submodule half insert ipu
    load_state_dict modules mtia named_buffers named_children named_modules named_parameters parameters pop
    register_backward_hook register_buffer register_forward_hook register_forward_pre_hook
    register_full_backward_hook register_full_backward_pre_hook register_load_state_dict_post_hook
    register_load_state_dict_pre_hook register_module register_parameter register_state_dict_post_hook
    register_state_dict_pre_hook requires_grad set_extra_state set_submodule share_memory state_dict to to_empty train
    training type xpu zero_grad
    """.split()  # noqa: SIM905 - a list of one name a line would be long
)


def module_name(name: str) -> str:
    """A name for a sub-module: an attribute that Python allows and `torch.nn.Module` has not taken."""
    if _PRIVATE.match(name):
        name = f"own{name}"
    plain = name.rstrip("_")
    return f"{name}_" if plain in _MODULE_ATTRIBUTES or keyword.iskeyword(plain) else name
