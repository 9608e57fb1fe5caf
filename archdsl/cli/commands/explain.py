"""`archdsl explain`: what the code of a diagnostic means."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from archdsl.cli.commands.errors import UnknownCode
from archdsl.cli.exit_codes import FINE
from archdsl.cli.output import Output
from archdsl.diagnostics.codes import ALL, Code
from archdsl.diagnostics.explanation import explanation


def add_arguments(parser: ArgumentParser) -> None:
    parser.description = (
        "Say what the code of a diagnostic means, why it is a mistake, and how to put it right; "
        "without a code, list all of them."
    )
    parser.epilog = "examples:\n  archdsl explain ARC401\n  archdsl explain"
    parser.add_argument("codes", nargs="*", metavar="CODE", help="a code such as ARC401, or 401")


def run(arguments: Namespace, output: Output) -> int:
    codes = [_code(name) for name in arguments.codes]
    if codes:
        output.result("\n\n\n".join(f"{page.title}\n\n{page.text}" for page in map(explanation, codes)))
    else:
        output.result("\n".join(f"{code.name}  {code.title}" for code in ALL))
    return FINE


def _code(name: str) -> Code:
    for code in ALL:
        if name.upper() in (code.name, code.name.removeprefix("ARC")):
            return code
    raise UnknownCode(name).error()
