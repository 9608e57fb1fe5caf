"""New names beside those that are taken."""

from __future__ import annotations

from collections.abc import Iterable

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
