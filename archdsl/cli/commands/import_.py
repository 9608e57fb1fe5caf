"""`archdsl import`: definitions of other libraries as text of the language."""

from __future__ import annotations

import re
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from pathlib import Path

from archdsl.cli.arguments import add_out_file, resolution
from archdsl.cli.exit_codes import COULD_NOT_RUN, FINDINGS, FINE
from archdsl.cli.files import refuse_to_overwrite, write_result
from archdsl.cli.formats import chosen
from archdsl.cli.output import Output
from archdsl.cli.specs import STANDARD_INPUT, open_spec
from archdsl.diagnostics import DiagnosticError, Source
from archdsl.diagnostics.render import printable
from archdsl.elaborate.resolve.words import RESERVED
from archdsl.importing.notation import NOTATIONS, guessed
from archdsl.importing.writer import Frame, imported
from archdsl.language.expressions import one_line
from archdsl.language.parser import parse_expression


def add_arguments(parser: ArgumentParser) -> None:
    parser.description = (
        "Write a spec from a list of blocks as timm, google/automl or torchvision have it. Whatever in it is not "
        "understood is refused, with its place."
    )
    parser.epilog = (
        "examples:\n  archdsl import blocks.txt --name mine --act relu6\n"
        "  echo 'ds_r1_k3_s1_c16, ir_r2_k3_s2_e6_c24_se0.25' | archdsl import - --out mine.arch\n"
    )
    parser.add_argument("file", metavar="FILE", help="a Python list, or block strings one a line; - is standard input")
    parser.add_argument("--from", dest="notation", choices=tuple(NOTATIONS), help="default: guessed where it is clear")
    parser.add_argument("--name", metavar="N", help="the model's name (default: the file's)")
    parser.add_argument("--act", metavar="A", help="the model's activation (default: silu; relu6 for `[t, c, n, s]`)")
    parser.add_argument(
        "--stem", type=_channels, metavar="C", help="channels of the stem (default: what the first row reads, else 32)"
    )
    parser.add_argument(
        "--head", type=_channels, default=1280, metavar="C", help="channels before the pooling (default: 1280)"
    )
    parser.add_argument(
        "--resolution", type=resolution, default=(224, 224), metavar="R", help="`224` or `224x320` (default: 224)"
    )
    add_out_file(parser)


def run(arguments: Namespace, output: Output) -> int:
    if arguments.out not in (None, STANDARD_INPUT):
        refuse_to_overwrite(arguments.out, arguments.file)
    chosen("--out", arguments.out, None, {".arch": "arch"}, "arch", text=("arch",))
    source = open_spec(arguments.file)
    try:
        act = one_line(parse_expression(Source("--act", arguments.act))) if arguments.act is not None else None
    except DiagnosticError as failure:  # a mistake in the command, not in a file
        output.errors(failure.diagnostics)
        return COULD_NOT_RUN
    frame = Frame(
        name=arguments.name or _name(arguments.out or arguments.file),
        notation=arguments.notation or guessed(source),
        act=act,
        stem=arguments.stem,
        head=arguments.head,
        resolution=arguments.resolution,
    )
    try:
        text = imported(source, frame)
    except DiagnosticError as failure:
        output.errors(failure.diagnostics)
        # What is wrong with the text that came out, and not with a row that went in, is an option's fault.
        is_of_file = any(problem.span and problem.span.source.name == source.name for problem in failure.diagnostics)
        return FINDINGS if is_of_file else COULD_NOT_RUN
    if arguments.out in (None, STANDARD_INPUT):
        output.result(text.removesuffix("\n"))
    else:
        write_result(Path(arguments.out), text.encode("utf-8"), force=arguments.force)
        output.result(f"wrote {printable(arguments.out)}")
    return FINE


def _name(path: str) -> str:
    """A model's name after a file's."""
    name = re.sub(r"\W+", "_", Path(path).stem, flags=re.ASCII).strip("_").lower()
    return name if name.isidentifier() and name not in RESERVED else "imported"


def _channels(text: str) -> int:
    if not re.fullmatch(r"[1-9]\d{0,6}", text):
        raise ArgumentTypeError(f"{text!r} is not a number of channels")
    return int(text)
