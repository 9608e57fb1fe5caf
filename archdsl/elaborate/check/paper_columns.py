"""What the tables of papers, and other libraries, call the columns of a table of stages."""

from __future__ import annotations

from collections.abc import Collection

from archdsl.diagnostics import Diagnostic, Edit, Fix, Span
from archdsl.elaborate.check.errors import ColumnOfPapers, UnknownColumn

# The column that each of these names means, whatever the paper.
_CALLED = {
    "op": "operator operation operators ops block block_type module type conv layer_type",
    "channels": "c out ch channel out_channels out_ch c_out cout output output_channels num_channels filters",
    "layers": "n repeats repeat num_layers num_blocks num_repeat n_layers blocks times",
    "kernel": "k ks kernel_size filter_size",
    "stride": "s strides",
    "expansion": "t e exp expand expand_ratio exp_ratio expansion_ratio expansion_factor",
    "se": "se_ratio squeeze_ratio",
    "groups": "g num_groups",
    "padding": "p pad",
    "dilation": "d dilation_rate",
}
_MEANS = {name: column for column, names in _CALLED.items() for name in names.split()}
# Of those, what some papers write for another measure: the expanded channels, the width of a group, the depth of a
# stage, how many times fewer channels a squeeze has. Only a person can tell.
_AMBIGUOUS = frozenset({"exp", "g", "d", "squeeze_ratio"})
# Columns of papers that say what follows from the others, or say it in another measure.
_FOLLOWS = "leave the column out: it follows from the rows before"
_EXPLAINED = {
    "exp_size": "`expansion` is a ratio: the expanded channels of the paper, divided by the channels that come in",
    "hidden": "`expansion` is a ratio: the hidden channels, divided by the channels that come in",
    "hidden_channels": "`expansion` is a ratio: the hidden channels, divided by the channels that come in",
    "nl": "a block takes its activation as a parameter; `act` of the model is that of all blocks",
    "stage": "leave the column out: stages are numbered from 1, and a column `name` names them",
    **dict.fromkeys(("in", "input", "input_size", "in_channels", "c_in", "cin"), _FOLLOWS),
    **dict.fromkeys(("resolution", "output_size", "size", "map"), _FOLLOWS),
}


def meaning(column: str) -> str | None:
    """The column that a name means in papers and other libraries."""
    return _MEANS.get(column.lower())


def of_a_paper(column: str, header: Span, free: Collection[str]) -> Diagnostic | None:
    """What is said of a column that is called otherwise here; `free` are the columns that the table could have."""
    meant = meaning(column)
    if meant is not None and meant in free:
        # It is a header's name and no value: what the cells say stays as it is.
        is_safe = column.lower() not in _AMBIGUOUS
        fix = Fix(f"replace `{column}` by `{meant}`", (Edit(header, meant),), is_safe)
        return ColumnOfPapers(column, meant).at(header, fix=fix)
    if (plain := column.lower()) in _EXPLAINED:
        return UnknownColumn(column).at(header, "unknown column", help=_EXPLAINED[plain])
    return None
