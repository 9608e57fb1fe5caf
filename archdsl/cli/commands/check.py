"""`archdsl check`: finds mistakes, fixes them if asked to, and proves every `require` line."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterable, Sequence

from archdsl.cli.arguments import add_specs
from archdsl.cli.exit_codes import exit_code
from archdsl.cli.output import Output
from archdsl.cli.parallel import each
from archdsl.cli.specs import STANDARD_INPUT, open_spec
from archdsl.compiler import Compiled, compile_source
from archdsl.diagnostics import Diagnostic, DiagnosticError
from archdsl.diagnostics.render import FOR_PROGRAMS, STYLES, printable
from archdsl.diagnostics.report import report


def add_arguments(parser: ArgumentParser) -> None:
    parser.description = "Find the mistakes in each file and prove each of its `require` lines; fix those with --fix."
    parser.epilog = (
        "examples:\n  archdsl check specs/*.arch\n  archdsl check --output-format json specs/v2_l.arch | jq .\n"
        "  archdsl check --fix net.arch\n\n"
        "Diagnostics go to standard error; json, github and sarif are for programs and go to standard output."
    )
    add_specs(parser)
    parser.add_argument(
        "--output-format",
        choices=STYLES,
        default="full",
        help="how diagnostics look (default: full)",
    )
    parser.add_argument(
        "--fix",
        action="store_true",
        help="first make the fixes that cannot change what is computed, and say which; the others are suggestions",
    )


def run(arguments: Namespace, output: Output) -> int:
    as_document = arguments.output_format in FOR_PROGRAMS
    output.style = "full" if as_document else arguments.output_format
    if arguments.fix and STANDARD_INPUT in arguments.specs:
        from archdsl.cli.commands.errors import FixesStandardInput

        raise FixesStandardInput().error()
    found: list[Diagnostic] = []
    checked: Iterable[_Checked]
    show = output.remark if as_document else output.result
    if arguments.fix:
        checked = (_check(spec) if not (wrong := _fix(spec, show)) else (wrong, "") for spec in arguments.specs)
    elif STANDARD_INPUT in arguments.specs:
        checked = map(_check, arguments.specs)
    else:
        checked = each(_check, arguments.specs)
    for problems, line in checked:
        found += problems
        if not as_document:
            output.errors(problems)
            if line:
                output.result(line)
    if as_document:
        if text := report(found, style=arguments.output_format):
            output.result(text)
    elif output.style == "full" and (count := sum(not problem.code.is_hint for problem in found)):
        output.remark(_counted(count, "problem") + _fixes(found))
    return exit_code(found)


_Checked = tuple[tuple[Diagnostic, ...], str]


def _fix(spec: str, show: Callable[[str], None]) -> tuple[Diagnostic, ...]:
    """Makes the fixes of a file and reports them. Returns why it could not be read or written, if that is so."""
    from archdsl.cli.fix_file import fix_file

    try:
        for fixed in fix_file(spec):
            assert fixed.fix is not None
            show(f"{printable(str(fixed.span))}: {fixed.code.name} fixed: {printable(fixed.fix.title)}")
    except DiagnosticError as failure:
        return failure.diagnostics
    return ()


def _check(spec: str) -> _Checked:
    """What is wrong with a file, and a line that says what is right when nothing is."""
    try:
        file = compile_source(open_spec(spec))
    except DiagnosticError as failure:
        return failure.diagnostics, ""
    return file.found, summary(file) if all(problem.code.is_hint for problem in file.found) else ""


def summary(file: Compiled) -> str:
    """What is right in a file without a mistake, in a line."""
    claims = sum(len(architecture.requirements) for architecture in file.architectures)
    hold = f"{_counted(claims, 'claim')} {'holds' if claims == 1 else 'hold'}" if claims else "no claims"
    if file.predicted:
        hold += (
            f", {file.predicted} of them {'a prediction' if file.predicted == 1 else 'predictions'} of the cost model"
        )
    others = file.spaces or file.recipes
    found = [_counted(len(file.architectures), "model")] if file.architectures or not others else []
    if file.spaces:
        found.append(_counted(len(file.spaces), "search space"))
    if file.recipes:
        found.append(_counted(len(file.recipes), "recipe"))
    if file.recipes and not file.architectures and not file.spaces:
        pass  # A file of recipes alone claims nothing.
    elif claims or not any(space.claims for space in file.spaces):
        found.append(hold)
    name = printable(file.source.name)
    line = f"{name}: {', '.join(found)}"
    if pruned := sum(space.pruned for space in file.spaces):
        tried = sum(space.tried for space in file.spaces if space.pruned)
        line += f"; `require` lines prune {pruned:,} of {_counted(tried, 'network')} tried"
    if all(space.tried == space.size for space in file.spaces):
        return line
    from archdsl.search_space.open_models import counted  # late: most files hold no search space
    from archdsl.search_space.trials import SMALL

    tried, size = sum(space.tried for space in file.spaces), sum(space.size for space in file.spaces)
    # All networks of a small space are tried where the effort lasts.
    is_cut = any(space.tried < space.size <= SMALL for space in file.spaces)
    within = ", within the work that a check may do" if is_cut else ""
    return f"{line}; {tried} of {counted(size)} networks tried{within}; `archdsl space {name} --prove` looks at all"


def _fixes(found: Sequence[Diagnostic]) -> str:
    """How many problems `--fix` fixes, and how many have a suggestion, which it leaves to a person."""
    fixes = [problem.fix for problem in found if problem.fix is not None]
    safe = sum(fix.is_safe for fix in fixes)
    text = f"; `--fix` fixes {safe}" if safe else ""
    if suggested := len(fixes) - safe:
        text += f"; {suggested} {'has' if suggested == 1 else 'have'} a suggestion that `--fix` leaves to you"
    return text


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
