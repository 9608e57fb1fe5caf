"""`archdsl completion`: a script that teaches a shell the command line."""

from __future__ import annotations

from argparse import Action, ArgumentParser, Namespace, _SubParsersAction
from collections.abc import Iterator

from archdsl.cli.errors import MissingPackages
from archdsl.cli.exit_codes import FINE
from archdsl.cli.output import Output
from archdsl.diagnostics.codes import ALL

SHELLS = ("bash", "zsh", "fish")
# The arguments that are specs; what takes other files says so in the help.
_SPECS = {"spec", "specs", "before", "after"}
_FILES = {"FILE", "MODEL|FILE", "OURS"}
_FOLDERS = {"DIR"}
_DEVICE = "NAME|FILE"


def add_arguments(parser: ArgumentParser) -> None:
    parser.description = (
        "Print a script that completes commands, options, their choices and .arch files. It is made once and asks "
        "nothing of archdsl while you type; make it again after an update."
    )
    parser.epilog = (
        "examples:\n"
        "  archdsl completion bash > ~/.local/share/bash-completion/completions/archdsl\n"
        "  archdsl completion zsh > ~/.zfunc/_archdsl        with ~/.zfunc in fpath before compinit\n"
        "  archdsl completion fish > ~/.config/fish/completions/archdsl.fish"
    )
    parser.add_argument("shell", choices=SHELLS, metavar="|".join(SHELLS), help="the shell that reads the script")


def run(arguments: Namespace, output: Output) -> int:
    try:
        import shtab
    except ModuleNotFoundError:
        raise MissingPackages("shell completion", ["shtab"], "completion").error() from None
    from archdsl.backends.latency.profile import shipped_profiles

    # Late, for that module imports this one.
    from archdsl.cli.main import COMMANDS, parser_of_all

    parser = parser_of_all()
    for name, command in _commands(parser):
        command.description = COMMANDS.get(name, command.description)  # in a list, a line
    for action in _actions(parser):
        if action.dest in _SPECS:
            # With parentheses around it, as shtab has it, zsh takes a single pattern for qualifiers.
            action.complete = shtab.glob("*.arch") | {"zsh": "_files -g '*.arch'"}  # type: ignore[attr-defined]
        elif action.metavar == _DEVICE:
            action.choices = list(shipped_profiles())
        elif action.metavar in _FILES:
            action.complete = shtab.FILE  # type: ignore[attr-defined]
        elif action.metavar in _FOLDERS:
            action.complete = shtab.DIRECTORY  # type: ignore[attr-defined]
        elif action.dest == "codes":
            action.choices = [code.name for code in ALL]
    script = shtab.complete(parser, arguments.shell).rstrip("\n")
    if arguments.shell == "zsh":  # shtab's mark of an argument that repeats completes it once.
        script = script.replace('"(*)::', '"*:').replace('"(*):', '"*:')
    output.result(script)
    return FINE


def _actions(parser: ArgumentParser) -> Iterator[Action]:
    """The arguments of a command line, and of all commands in it."""
    yield from parser._actions
    for _, command in _commands(parser):
        yield from _actions(command)


def _commands(parser: ArgumentParser) -> Iterator[tuple[str, ArgumentParser]]:
    for action in parser._actions:
        if isinstance(action, _SubParsersAction):
            yield from action.choices.items()
