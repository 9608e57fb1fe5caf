"""New names beside those that are taken."""

from __future__ import annotations

from collections.abc import Iterable

from archdsl.ir.description import Description
from archdsl.ir.names import NETWORK_ATTRIBUTES, module_name

# The arguments and variables of the functions and constructors of networks.
OF_NETWORKS = """
self stages num_classes in_channels dropout_rate drop_path_rate features_only width widths reductions reduction depth
rates rate index _ block layers stage layer arguments shared_arguments rest name model
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


def classifier_attribute(name: str, architecture: Description) -> str:
    """The attribute that holds the classifier: a `linear` that has no name of its own is called `classifier`."""
    if name == "linear":
        return "classifier"
    is_taken = name.rstrip("_") in NETWORK_ATTRIBUTES or _is_part(name, architecture)
    return f"{name}_" if is_taken else name


def is_free_attribute(name: str, architecture: Description) -> bool:
    """Whether the class of a network may have an attribute of a name, other than those that it and PyTorch have."""
    is_own = name != "num_features" and name.rstrip("_") in NETWORK_ATTRIBUTES
    return module_name(name) == name and not is_own and not _is_part(name, architecture)


def _is_part(name: str, architecture: Description) -> bool:
    return architecture.part is not None and architecture.part.name == name
