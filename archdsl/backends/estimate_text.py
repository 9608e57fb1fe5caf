"""Estimates as a table for people, and as JSON and CSV for programs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from archdsl.backends.costed_part import CostedPart
from archdsl.backends.estimate import Estimate, Level
from archdsl.backends.table import aligned
from archdsl.backends.units import human
from archdsl.ir.cost import Cost

if TYPE_CHECKING:
    from archdsl.backends.receptive_field import ReceptiveField
    from archdsl.ir.base import Shape

FORMAT_VERSION = "1.1"


# For people ----------------------------------------------------------------------------------------------------------


def as_table(estimates: Sequence[Estimate], level: Level) -> str:
    """One table with a row for each model or, below that level, one table a model with a row for each part."""
    if level != "model":
        return "\n\n".join(_parts_table(made, level) for made in estimates)
    rows = [[made.name, str(made.input), str(made.batch), *_human(made.cost)] for made in estimates]
    return aligned(["model", "input", "batch", "params", "MACs", "FLOPs", "activations"], rows, "<" + ">" * 6)


def _parts_table(made: Estimate, level: Level) -> str:
    header, *rows = parts_rows(made, level)
    return f"{title(made)}\n{aligned(header, rows, '<<' + '>' * (len(header) - 2))}"


def title(made: Estimate) -> str:
    """What a table of parts is about."""
    return f"{made.name}, input {made.input}, batch {made.batch}"


def parts_rows(made: Estimate, level: Level) -> list[list[str]]:
    """The cells of such a table: a header, a row for each part, and the total. The first two columns are names."""
    rows = [
        [part.path, part.op, str(part.layers), str(part.input), str(part.output), *_human(part.cost)]
        for part in made.parts(level)
    ]
    rows.append(["total", "", "", str(made.input), str(made.output), *_human(made.cost)])
    header = [level, "op", "layers", "input", "output", "params", "MACs", "FLOPs", "activations"]
    lines = [header, *rows]
    if level == "stage" and any(stage.receptive_field for stage in made.stages):
        fields = [_field_cells(stage) for stage in made.stages]
        lines = [
            [*line[:5], *cells, *line[5:]]
            for line, cells in zip(lines, [["reduction", "receptive field"], *fields, ["", ""]], strict=True)
        ]
    if level != "stage":  # A block or an operator is one layer.
        lines = [[*line[:2], *line[3:]] for line in lines]
    return lines


def _field_cells(stage: CostedPart) -> list[str]:
    """How far apart positions are, and what they see: `67 x 67`, `all` of the image, or both."""
    field, shape = stage.receptive_field, stage.output
    if field is None:
        return ["", ""]
    reductions = shape.each(field.reduction_height, field.reduction_width)
    steps = dict.fromkeys(str(step) for step in reductions if step is not None)
    seen = [shape.said(field.field)] if field.field else []
    return [" x ".join(steps), " + ".join([*seen, *(["all"] if field.sees_all else [])])]


def _human(cost: Cost) -> list[str]:
    return [human(count) for count in _counts(cost).values()]


def _counts(cost: Cost) -> dict[str, int]:
    return {"params": cost.params, "macs": cost.macs, "flops": cost.flops, "activations": cost.activations}


# For programs --------------------------------------------------------------------------------------------------------


def as_document(estimates: Sequence[Estimate]) -> dict[str, Any]:
    """A JSON document with one entry for each model, its stages in it, their blocks and operators where estimated."""
    return {"format_version": FORMAT_VERSION, "models": [_model(made) for made in estimates]}


def as_json(estimates: Sequence[Estimate]) -> str:
    """That document as text."""
    return document_text(as_document(estimates))


def document_text(document: dict[str, Any]) -> str:
    """A document of estimates as text."""
    import json  # late: a table for people needs none

    text = json.dumps(document, indent=2)
    # A shape fits into a line, and so does a height with its width.
    text = re.sub(r"\[\s+([\d.]+),\s+([\d.]+),\s+([\d.]+)\s+\]", r"[\1, \2, \3]", text)
    return re.sub(r"\[\s+([\d.]+),\s+([\d.]+)\s+\]", r"[\1, \2]", text) + "\n"


def _model(made: Estimate) -> dict[str, Any]:
    return {
        "name": made.name,
        "model": made.model,
        "variant": made.variant,
        "batch": made.batch,
        "input": list(made.input.sizes),
        "output": list(made.output.sizes),
        **_counts(made.cost),
        "stages": [_part(stage, "stage") for stage in made.stages],
    }


def _part(part: CostedPart, level: str) -> dict[str, Any]:
    found: dict[str, Any] = {"name": part.name, "path": part.path, "op": part.op}
    if level == "stage":
        found["layers"] = part.layers
    found |= {"input": list(part.input.sizes), "output": list(part.output.sizes), **_counts(part.cost)}
    if part.receptive_field is not None:
        found |= _field(part.receptive_field, part.output)
    if part.parts:
        inner = "block" if level == "stage" else "operator"
        found[f"{inner}s"] = [_part(each, inner) for each in part.parts]
    return found


def _field(field: ReceptiveField, shape: Shape) -> dict[str, Any]:
    steps = shape.each(field.reduction_height, field.reduction_width)
    return {
        "reduction": None
        if None in steps
        else [int(step) if step == int(step) else float(step) for step in steps if step],
        "receptive_field": list(shape.each(*field.field)) if field.field else None,
        "sees_all": field.sees_all,
    }


_COLUMNS = (
    "model", "batch", "level", "path", "op", "layers",
    "input_channels", "input_height", "input_width", "output_channels", "output_height", "output_width",
    "params", "macs", "flops", "activations",
)  # fmt: skip


def as_csv(estimates: Sequence[Estimate], level: Level) -> str:
    """A header and one row for each part of `level`, with exact whole numbers."""
    lines = [",".join(_COLUMNS)]
    for made in estimates:
        whole = CostedPart("", "", 1, made.input, made.output, made.cost)
        for part in [whole] if level == "model" else made.parts(level):
            cells = [made.name, made.batch, level, part.path, part.op, part.layers]
            lines.append(",".join(map(str, [*cells, *part.input, *part.output, *_counts(part.cost).values()])))
    return "\n".join(lines) + "\n"
