"""The one network that a command is about."""

from __future__ import annotations

from archdsl.cli.exit_codes import FINE
from archdsl.cli.output import Output
from archdsl.cli.specs import compile_specs
from archdsl.file_errors import NoModels, SeveralNetworks
from archdsl.ir.architecture import Architecture


def one_network(
    spec: str, output: Output, *, variant: str | None, resolution: tuple[int, int] | None = None
) -> tuple[Architecture | None, int]:
    """The network of a SPEC and 0; None and the exit code where there are mistakes, which are printed.

    Raises DiagnosticError where there is none, or more than one.
    """
    specs = compile_specs([spec], output, variant=variant, resolution=resolution)
    if specs.exit_code != FINE:
        return None, specs.exit_code
    names = [architecture.variant or architecture.name for architecture in specs.architectures]
    if len(set(names)) < len(names):
        names = [architecture.name for architecture in specs.architectures]
    if not names:
        raise NoModels(spec).error()
    if len(names) > 1:
        raise SeveralNetworks(spec, names).error(help=f"choose one: --variant {'|'.join(names)}")
    return specs.architectures[0], FINE
