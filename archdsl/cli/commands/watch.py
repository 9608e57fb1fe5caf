"""`archdsl watch`: each file checked and drawn again whenever it is saved, or one that it uses."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import strftime

from archdsl.backends.targets import BUILT, SVG
from archdsl.backends.units import human
from archdsl.cli.arguments import add_specs
from archdsl.cli.collector import collect_from_here
from archdsl.cli.commands.build import add_out, artefacts, request_of
from archdsl.cli.commands.check import summary
from archdsl.cli.exit_codes import COULD_NOT_RUN, FINE
from archdsl.cli.files import out_folder, refuse_edited, write_all
from archdsl.cli.interrupts import EndsWith
from archdsl.cli.names import module_names
from archdsl.cli.output import Output
from archdsl.cli.specs import STANDARD_INPUT, open_spec
from archdsl.cli.watching import SeenFiles, Stamps, changed, wait_for_change
from archdsl.compiler import Compiled, compile_source
from archdsl.diagnostics import DiagnosticError
from archdsl.diagnostics.render import printable
from archdsl.folders import shipped
from archdsl.ir.cost import Cost


def add_arguments(parser: ArgumentParser) -> None:
    parser.description = (
        "Check each file and draw its figure, now and whenever it or a file that it uses is saved, and say what the "
        "change does to parameters and MACs. A mistake leaves the figure as it was. Ctrl-C ends it."
    )
    parser.epilog = "examples:\n  archdsl watch specs/v2_l.arch\n  archdsl watch --build net.arch --out generated"
    add_specs(parser, standard_input=False)
    parser.add_argument("--build", action="store_true", help="write what `archdsl build` writes, not the figure alone")
    add_out(parser)


@dataclass
class _Watched:
    """A spec, the files that it was last made of, and what its networks cost when it last was one."""

    spec: str
    stem: Path
    stamps: Stamps = field(default_factory=dict)
    costs: Mapping[str, Cost] | None = None


def run(arguments: Namespace, output: Output) -> int:
    if STANDARD_INPUT in arguments.specs:
        from archdsl.cli.commands.errors import WatchesStandardInput

        raise WatchesStandardInput().error()
    folder = out_folder(arguments.out)
    collect_from_here()  # This process is one that stays.
    names = module_names(arguments.specs, importable=arguments.build)
    watched = [_Watched(spec, folder / name) for spec, name in names.items()]
    with EndsWith(FINE), suppress(KeyboardInterrupt):
        readable = [_update(one, output, arguments) for one in watched]
        if not any(readable):
            return COULD_NOT_RUN
        while True:
            sys.stdout.flush()
            wait_for_change({path: stamp for one in watched for path, stamp in one.stamps.items()})
            output.result(strftime("[%H:%M:%S]"))
            for one in watched:
                if changed(one.stamps):
                    _update(one, output, arguments)
    return FINE


def _update(one: _Watched, output: Output, arguments: Namespace) -> bool:
    """Checks a spec, reports mistakes and changes, and writes its files. Returns whether it can be read."""
    files = SeenFiles()
    files.see(shipped(one.spec) or Path(one.spec))
    one.stamps = files.stamps
    try:
        file = compile_source(open_spec(one.spec), files=files)
    except DiagnosticError as failure:
        output.errors(failure.diagnostics)
        return False
    output.errors(file.found)
    if file.problems:
        return True
    if not file.unmet:
        output.result(summary(file))
    costs = {architecture.name: architecture.costs.model() for architecture in file.architectures}
    if one.costs is not None:
        for line in _differences(one.costs, costs):
            output.result(line)
    one.costs = costs
    try:
        _write(file, one.stem, output, arguments)
    except DiagnosticError as failure:
        output.errors(failure.diagnostics)
    return True


def _write(file: Compiled, stem: Path, output: Output, arguments: Namespace) -> None:
    """Raises DiagnosticError where a file cannot be written or drawn."""
    if not file.architectures:
        return
    request = request_of(file)
    if arguments.build:
        made = {path: data for path, (_, data) in artefacts(request, BUILT, stem, output).items()}
    else:
        made = {stem.with_suffix(SVG.suffix): SVG.as_file(SVG.emit(request).data)}
    if not arguments.force:
        refuse_edited(made)
    write_all(made)
    output.result(f"wrote {' '.join(printable(str(path)) for path in made)}")


def _differences(before: Mapping[str, Cost], after: Mapping[str, Cost]) -> Iterator[str]:
    """A line for each network that is new, gone, or costs something else; one where all is as it was."""
    lines = [f"{name}: gone" for name in before if name not in after]
    for name, cost in after.items():
        old = before.get(name)
        if old is None:
            lines.append(f"{name}: new, params {human(cost.params)}, MACs {human(cost.macs)}")
        elif old != cost:
            lines.append(f"{name}: {_step('params', old.params, cost.params)}, {_step('MACs', old.macs, cost.macs)}")
    yield from lines or ["params and MACs as before"]


def _step(what: str, before: int, after: int) -> str:
    if before == after:
        return f"{what} {human(after)} as before"
    return f"{what} {human(before)} -> {human(after)} ({'+' if after > before else '-'}{human(abs(after - before))})"
