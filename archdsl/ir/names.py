"""Names that every backend can say: of scalars, variables and sub-modules.

They are chosen when an architecture is made, not by the backend that writes it, for counts, comparisons and weights
speak of the same names: `state_dict` keys are a promise. So what Python and PyTorch keep for themselves is known here.
"""

from __future__ import annotations

import builtins
import keyword
import re

# What emitted code uses for itself, besides classes.
_RESERVED = frozenset(dir(builtins)) | frozenset(keyword.kwlist) | frozenset(keyword.softkwlist)
_RESERVED |= {"self", "torch", "nn", "functional", "divisible", "pipeline", "initialize", "pad_same", "drop_path"}
_RESERVED |= {"padded_same"}

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


# What the class of a network calls its own attributes.
NETWORK_ATTRIBUTES = frozenset(
    """
    stem stages head pool classifier num_features features_only feature_info feature_stages forward_features
    forward_head forward_intermediates reset_classifier grad_checkpointing set_grad_checkpointing
    """.split()  # noqa: SIM905
)


def part_name(name: str) -> str:
    """A name for the module of a model that is a part of a network."""
    made = module_name(name)
    return f"{made}_" if made.rstrip("_") in NETWORK_ATTRIBUTES else made
