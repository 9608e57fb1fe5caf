"""The entry point: finds the command, runs it, and answers for whatever goes wrong."""

from __future__ import annotations

import argparse
import os
import re
import shutil
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import cache
from importlib import import_module
from io import TextIOWrapper
from keyword import iskeyword
from typing import Any, NoReturn, TextIO

from archdsl.cli.exit_codes import COULD_NOT_RUN, FINE, INTERRUPTED, PIPE_CLOSED, exit_code
from archdsl.cli.output import Output, wants_color
from archdsl.diagnostics import DiagnosticError, Problem, did_you_mean
from archdsl.limits import WrongLimits, limits
from archdsl.version import __version__

# argparse looks for translations of its few words, in each process anew; all else that is printed is English.
argparse._ = str  # type: ignore[attr-defined]

# Each command is a module of `archdsl.cli.commands`, imported only when it is the one that was asked for.
COMMANDS = {
    "build": "write PyTorch source, a diagram and the estimates of each file",
    "check": "prove every `require` line",
    "watch": "check and draw again whenever a file is saved",
    "fmt": "rewrite files in their canonical form",
    "estimate": "count parameters, MACs, FLOPs and activations, predict latency and memory",
    "calibrate": "measure this machine for the estimates of latency",
    "diagram": "draw a network",
    "compare": "compare networks, as a table and as a picture",
    "diff": "show what changed between two specs, variants or revisions",
    "breaking": "find changes that break those who use a network",
    "plan": "show the phases of a training, and predict its time and memory",
    "fit": "scale a model to a budget, or list a grid of its parameters",
    "space": "count a search space, and draw networks from it",
    "search": "find the best networks of a space",
    "train": "train a network by a recipe",
    "evaluate": "test a trained network on images",
    "predict": "name what is in pictures, with a trained network",
    "export": "write a network for ONNX Runtime, OpenVINO and others",
    "bench": "time a network here, and beside that of another library",
    "weights": "carry weights from and to other libraries",
    "import": "write a spec from block strings of other libraries",
    "list": "list models with their size and cost",
    "explain": "explain the code of a diagnostic",
    "ir": "print the compiled architectures as JSON",
    "schema": "print the JSON schema of an architecture",
    "lsp": "serve an editor: diagnostics, hover, completion and more",
    "completion": "print a script that completes this command line in a shell",
}
_EXAMPLES = """\
examples:
  archdsl list                              the models that come with archdsl
  archdsl estimate specs/v2_l.arch          what the network costs, stage by stage
  archdsl build specs/v2_l.arch             codegen/v2_l.py, codegen/v2_l.svg, codegen/v2_l.json

A SPEC is the path of an .arch file, or archdsl:NAME.arch for one that ships; - is standard input. Results
go to standard output, diagnostics to standard error. Exit code: 0 fine, 1 a file has mistakes, 2 the command
could not run.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command line, that of the process where none is given, and returns its exit code. Never raises."""
    return _guarded(sys.argv[1:] if argv is None else list(argv))


def _guarded(argv: list[str]) -> int:
    """The exit code of a command, whatever happens in it."""
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115 - a closed stream reads as None; nobody listens
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115
    if isinstance(sys.stdout, TextIOWrapper):  # A terminal without a letter shows its code.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        return _answered(argv, Output())
    except OSError as error:  # Those of files are diagnostics; what is left is a stream that leads to a full disk.
        _abandon(sys.stdout)
        is_closed = isinstance(error, BrokenPipeError)
        try:
            sys.stderr.write("" if is_closed else f"archdsl: {error}\n")
            sys.stderr.flush()
        except OSError:
            _abandon(sys.stderr)
        return PIPE_CLOSED if is_closed else COULD_NOT_RUN


def _answered(argv: list[str], output: Output) -> int:
    """The exit code of a command. Raises OSError where a standard stream cannot be written to."""
    try:
        try:
            code = _run(argv, output)
        except SystemExit as stop:  # argparse has printed what there is to say.
            code = stop.code if isinstance(stop.code, int) else COULD_NOT_RUN
        sys.stdout.flush()
        return code
    except DiagnosticError as failure:
        output.errors(failure.diagnostics)
        return exit_code(failure.diagnostics)
    except KeyboardInterrupt:
        return INTERRUPTED
    except OSError:
        raise
    except Exception as error:
        _report_bug(error)
        return COULD_NOT_RUN


def _run(argv: list[str], output: Output) -> int:
    if argv and not argv[0].startswith("-") and argv[0] not in COMMANDS:
        raise _unknown_command(argv[0])
    parser = _parser(argv[:1] if argv and argv[0] in COMMANDS else COMMANDS, argv)
    arguments = parser.parse_args(argv)
    if arguments.command is None:
        parser.print_help()
        return FINE
    output.color = wants_color(arguments.color, sys.stderr)
    try:
        limits()
    except WrongLimits as error:
        from archdsl.cli.errors import WrongBounds

        raise WrongBounds(str(error)).error() from None
    code: int
    if getattr(arguments, "extern", None):
        from archdsl.externs import Externs, named

        with Externs(**named(arguments.extern)):
            code = _command(arguments.command).run(arguments, output)
    else:
        code = _command(arguments.command).run(arguments, output)
    return code


def _command(name: str) -> Any:
    module = f"{name}_" if iskeyword(name) else name
    return import_module(f"archdsl.cli.commands.{module}")


def _unknown_command(name: str) -> DiagnosticError:
    from archdsl.cli.errors import UnknownCommand

    return UnknownCommand(name, list(COMMANDS)).error(help=did_you_mean(name, COMMANDS))


# The command line ----------------------------------------------------------------------------------------------------


def parser_of_all() -> argparse.ArgumentParser:
    """The command line with the arguments of every command."""
    return _parser(COMMANDS, list(COMMANDS))


def _parser(names: Iterable[str], argv: Sequence[str]) -> argparse.ArgumentParser:
    """The command line with these commands, and the arguments of those in `argv`: the others need not be imported.

    A parser takes argparse a while to make, so that who names a command gets the parser of that one alone.
    """
    parser = _Parser(
        prog="archdsl",
        description="A declarative architecture compiler: convolutional networks as a paper's table.",
        epilog=_EXAMPLES,
        formatter_class=_Help,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"archdsl {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", prog="archdsl")
    for name in names:
        command = commands.add_parser(name, help=COMMANDS[name], formatter_class=_Help, allow_abbrev=False)
        if name in argv:
            _command(name).add_arguments(command)
            command.add_argument(
                "--color",
                choices=("auto", "always", "never"),
                default="auto",
                help="colour of diagnostics (default: auto, which follows NO_COLOR and FORCE_COLOR)",
            )
    return parser


class _Parser(argparse.ArgumentParser):
    """Reports what it cannot parse as a diagnostic, in a line, where argparse would print the whole usage."""

    _is_intermixed = False

    def _print_message(self, message: str, file: Any = None) -> None:
        (file or sys.stderr).write(message)  # argparse would ignore a disk that is full

    def error(self, message: str) -> NoReturn:
        from archdsl.cli.errors import BadArguments

        argument = re.fullmatch(r"argument ([^:]+): (.+)", message, re.DOTALL)
        raise self._failure(BadArguments(f"`{argument[1]}`: {argument[2]}" if argument else message))

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        if self._is_intermixed:  # The one below asks this one in turn.
            return super().parse_known_args(args, namespace)
        if any(action.nargs in ("+", "*") for action in self._get_positional_actions()):
            # By itself argparse takes all of the SPECs at the first, and those behind an option for too many.
            self._is_intermixed = True
            if self.usage is None and not {"-h", "--help"}.intersection(args or ()):
                self.usage = ""  # It would be put together for messages of argparse's own, which are ours here.
            try:
                found, rest = super().parse_known_intermixed_args(args, namespace)
            finally:
                self._is_intermixed = False
        else:
            found, rest = super().parse_known_args(args, namespace)
        if rest and rest[0].startswith("-"):
            from archdsl.cli.errors import UnknownOption

            name = rest[0].partition("=")[0]
            options = [option for action in self._actions for option in action.option_strings]
            raise self._failure(UnknownOption(self.prog, name), did_you_mean(name, options))
        if rest:
            from archdsl.cli.errors import SurplusArgument

            raise self._failure(SurplusArgument(rest[0]))
        return found, rest

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            from archdsl.cli.errors import NotChoice, NotChoiceOfOption

            known = [str(choice) for choice in action.choices]
            problem = NotChoice(value, known)
            if action.option_strings:
                problem = NotChoiceOfOption(value, known, action.option_strings[-1])
            raise self._failure(problem, did_you_mean(str(value), known))

    def _failure(self, problem: Problem, help: str | None = None) -> DiagnosticError:
        return problem.error(help=f"{help or ''} see `{self.prog} --help`".strip())


@cache
def _terminal_width() -> int:
    # As argparse does it.
    return shutil.get_terminal_size().columns - 2


class _Help(argparse.HelpFormatter):
    """Wraps a text of one line, and leaves one of several as it is written.

    argparse makes a formatter for every argument that is added, to look at its metavar, and each would ask the terminal
    for its width.
    """

    def __init__(self, prog: str):
        super().__init__(prog, width=_terminal_width())

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return text if "\n" in text else super()._fill_text(text, width, indent)


# When things go wrong ------------------------------------------------------------------------------------------------


def _abandon(stream: TextIO) -> None:
    """Sends what is still in a buffer nowhere, so that Python does not stumble over it at exit."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _report_bug(error: Exception) -> None:
    if os.environ.get("ARCHDSL_DEBUG"):
        import traceback

        traceback.print_exception(error)
        return
    reason = " ".join(f"{type(error).__name__}: {error}".split())
    sys.stderr.write(
        f"archdsl: this is a bug of archdsl, not of your file ({reason[:300]}); please report it with the file; "
        "ARCHDSL_DEBUG=1 shows where\n"
    )
