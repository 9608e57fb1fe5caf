"""`archdsl lsp`: a language server on standard input and output."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from archdsl.cli.errors import MissingPackages
from archdsl.cli.exit_codes import FINE
from archdsl.cli.output import Output


def add_arguments(parser: ArgumentParser) -> None:
    parser.description = (
        "Serve an editor over standard input and output (the Language Server Protocol), until it leaves. "
        "Editors start this themselves; docs/editor.md says how."
    )
    parser.epilog = "example, for whatever an editor calls the command of a server:\n  archdsl lsp"
    # What editors add to the command of a server, whatever it is.
    parser.add_argument("--stdio", action="store_true", help="serve over standard input and output, as it does anyway")


def run(arguments: Namespace, output: Output) -> int:
    try:
        from archdsl.lsp.server import start
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("pygls", "lsprotocol"):
            raise
        raise MissingPackages("the language server", ["pygls"], "lsp").error() from None
    start()
    return FINE
