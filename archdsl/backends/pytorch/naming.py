"""New names beside those that are taken."""

from __future__ import annotations

from collections.abc import Iterable

from archdsl.ir.names import module_name

# The arguments and variables of the functions and constructors of networks.
OF_NETWORKS = """
self stages num_classes in_channels dropout_rate drop_path_rate features_only width widths reductions reduction depth
rates rate index _ block layers stage layer arguments shared_arguments rest name model
""".split()  # noqa: SIM905

# What the class calls its attributes.
_ATTRIBUTES = """
stem stages head pool classifier num_features features_only feature_info feature_stages forward_features forward_head
forward_intermediates reset_classifier grad_checkpointing set_grad_checkpointing
""".split()  # noqa: SIM905


class Names:
    """Names of one place - a file, a class, a function - each given once."""

    def __init__(self, taken: Iterable[str] = (), between: str = "_"):
        self.taken = set(taken)
        self.between = between

    def __contains__(self, name: str) -> bool:
        return name in self.taken

    def new(self, wanted: str) -> str:
        """`wanted`, with a number when it is taken: `factor`, `factor_2`, ..."""
        name, number = wanted, 1
        while name in self.taken:
            number += 1
            name = f"{wanted}{self.between}{number}"
        self.taken.add(name)
        return name


def classifier_attribute(name: str) -> str:
    """The attribute that holds the classifier: a `linear` that has no name of its own is called `classifier`."""
    if name == "linear":
        return "classifier"
    return f"{name}_" if name.rstrip("_") in _ATTRIBUTES else name


def is_free_attribute(name: str) -> bool:
    """Whether the class of a network may have an attribute of a name, other than those that it and PyTorch have."""
    return module_name(name) == name and (name == "num_features" or name.rstrip("_") not in _ATTRIBUTES)
