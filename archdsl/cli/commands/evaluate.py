"""`archdsl evaluate`: how good the network of a run is, class by class, and how fast."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from archdsl.backends.table import aligned
from archdsl.cli.arguments import add_extern, batch, workers
from archdsl.cli.exit_codes import FINE
from archdsl.cli.files import write_result
from archdsl.cli.output import Output
from archdsl.diagnostics.render import printable

if TYPE_CHECKING:
    from archdsl.training.evaluate import ClassRow, Evaluation

_WIDEST = 20  # classes of a matrix that a terminal shows


def add_arguments(parser: ArgumentParser) -> None:
    parser.description = (
        "Test the network of a run on images: top-1 and top-5 accuracy, a table of its classes, the confusion matrix, "
        "and images per second. Without --data they are those that the run itself was tested on."
    )
    parser.epilog = (
        "examples:\n  archdsl evaluate run\n  archdsl evaluate run --data other_images --output-format json\n"
        "  archdsl evaluate run --confusion confusion.csv"
    )
    parser.add_argument("run", metavar="RUN", help="the folder that `archdsl train` wrote")
    add_extern(parser)
    parser.add_argument("--data", metavar="DIR", help="images and labels, as for `archdsl train`")
    parser.add_argument("--batch", type=batch, default=64, metavar="N", help="images at a time (default: 64)")
    parser.add_argument(
        "--workers", type=workers, default=0, metavar="N", help="processes that load images (default: 0)"
    )
    parser.add_argument("--device", metavar="D", help="cpu, cuda or cuda:1 (default: a GPU, if there is one)")
    parser.add_argument(
        "--skip-corrupt", action="store_true", default=None, help="leave out images that cannot be read"
    )
    parser.add_argument(
        "--confusion", metavar="FILE", help="write the confusion matrix as .csv, a row for each true class"
    )
    parser.add_argument("--output-format", choices=("table", "json"), default="table", help="default: table")


def run(arguments: Namespace, output: Output) -> int:
    # Here and not above, for the other commands start without torch.
    from archdsl.training.run import load_run

    opened = load_run(arguments.run, arguments.device)
    found = opened.evaluate(
        arguments.data,
        batch=arguments.batch,
        workers=arguments.workers,
        skip_corrupt=arguments.skip_corrupt,
        on_skip=lambda name, reason: output.remark(f"skipped {printable(name)}: {printable(reason)}"),
    )
    if arguments.confusion:
        write_result(Path(arguments.confusion), _csv(found).encode(), force=False)
    output.result(json.dumps(found.as_json(), indent=2) if arguments.output_format == "json" else _text(found))
    return FINE


def _text(found: Evaluation) -> str:
    parts = [
        f"top-1 {found.top1:.2f} %, top-5 {found.top5:.2f} %, loss {found.loss:.4f}, {found.images:,} images\n"
        f"{found.images_per_second:,.0f} images/s, {found.images / max(found.total_seconds, 1e-9):,.0f} with loading",
        _by_class(found.by_class()),
    ]
    if len(found.classes) <= _WIDEST:
        parts.append(_matrix(found))
    return "\n\n".join(parts)


def _by_class(rows: Sequence[ClassRow]) -> str:
    header = ("class", "images", "recall %", "precision %", "most often taken for")
    cells = [(row.name, f"{row.images:,}", _percent(row.recall), _percent(row.precision), _taken(row)) for row in rows]
    return aligned(header, cells, "<>>><")


def _taken(row: ClassRow) -> str:
    return f"{row.taken_for} ({row.times})" if row.taken_for is not None else ""


def _matrix(found: Evaluation) -> str:
    header = ("true \\ called", *found.classes)
    rows = [(name, *map(str, row)) for name, row in zip(found.classes, found.confusion.tolist(), strict=True)]
    return aligned(header, rows, "<" + ">" * len(found.classes))


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def _csv(found: Evaluation) -> str:
    import csv
    import io

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["true", *found.classes])
    writer.writerows([name, *row] for name, row in zip(found.classes, found.confusion.tolist(), strict=True))
    return text.getvalue()
