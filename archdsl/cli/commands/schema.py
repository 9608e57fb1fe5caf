"""`archdsl schema`: the JSON schema of `Architecture`."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace

from archdsl.cli.exit_codes import FINE
from archdsl.cli.output import Output
from archdsl.ir.architecture import Architecture


def add_arguments(parser: ArgumentParser) -> None:
    parser.description = "Print the JSON schema of an architecture, which is what `archdsl ir` prints."
    parser.epilog = "example:\n  archdsl schema > architecture.schema.json"


def run(arguments: Namespace, output: Output) -> int:
    output.result(json.dumps(Architecture.model_json_schema(), indent=2))
    return FINE
