"""Writes docs/cli.md, the reference of the command line, from its parser: `python -m tools.write_cli`."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator

from archdsl.cli.main import COMMANDS, parser_of_all
from tools import DOCS

HEAD = """# Command line

Every command with all its options, written from the parser itself by `python -m tools.write_cli`. `archdsl COMMAND
--help` prints the same.

A `SPEC` is the path of an `.arch` file, `archdsl:NAME.arch` for one that ships, or `-` for standard input. Results go
to standard output, diagnostics to standard error. Exit codes: 0 fine, 1 a mistake in a file, a claim that does not hold
or a search without a result, 2 the command could not run. Every command takes `--color auto|always|never` and follows
`NO_COLOR`.

"""
_WIDTH = 100


def page() -> str:
    """The whole page: a list of the commands, then each."""
    commands = _subparsers(parser_of_all())
    listed = "\n".join(f"- [`archdsl {name}`](#archdsl-{name}): {COMMANDS[name]}" for name in commands)
    sections = "\n".join("\n".join(_section(parser)) for parser in commands.values())
    return f"{HEAD}{listed}\n\n{sections}"


def _subparsers(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    return next((dict(a.choices) for a in parser._actions if isinstance(a, argparse._SubParsersAction)), {})


def _section(parser: argparse.ArgumentParser, level: int = 2) -> Iterator[str]:
    """The heading, the description, the usage, the arguments by group, and the examples of one command."""
    yield f"{'#' * level} {parser.prog}\n"
    if parser.description:
        yield f"{_text(parser.description)}\n"
    yield f"```\n{_usage(parser)}\n```\n"
    general, options, *others = parser._action_groups
    groups = [(None, [*general._group_actions, *options._group_actions])]
    for title, actions in [*groups, *((group.title, group._group_actions) for group in others)]:
        rows = [row for action in actions if (row := _row(action))]
        if rows:
            if title is not None:
                yield f"**{title}**\n"
            yield "\n".join(["| argument | |", "| --- | --- |", *rows]) + "\n"
    if parser.epilog:
        yield f"```console\n{parser.epilog.strip()}\n```\n"
    for inner in _subparsers(parser).values():
        yield from _section(inner, level + 1)


def _usage(parser: argparse.ArgumentParser) -> str:
    formatter = argparse.HelpFormatter(parser.prog, width=_WIDTH)
    formatter.add_usage(parser.usage, parser._actions, parser._mutually_exclusive_groups, prefix="")
    return formatter.format_help().strip()


def _row(action: argparse.Action) -> str | None:
    if action.help == argparse.SUPPRESS or isinstance(action, argparse._HelpAction | argparse._SubParsersAction):
        return None
    if action.dest == "color":
        return None  # said once, at the head
    value = ""
    if action.nargs != 0:
        choices = "|".join(map(str, action.choices)) if action.choices else ""
        value = str(action.metavar or choices or action.dest.upper())
    names = ", ".join(action.option_strings)
    help = (action.help or "") % {**vars(action), "prog": "archdsl"}
    return f"| `{_cell(f'{names} {value}'.strip())}` | {_cell(_text(help))} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _text(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


if __name__ == "__main__":
    (DOCS / "cli.md").write_text(page(), encoding="utf-8")
