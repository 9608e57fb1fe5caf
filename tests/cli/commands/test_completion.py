"""`archdsl completion`: the scripts, asked in real shells for what they complete."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from archdsl.cli.main import COMMANDS
from archdsl.diagnostics.codes import ALL
from tests.cli.conftest import Command

WITHOUT = """
import sys
sys.modules["shtab"] = None
from archdsl.cli.main import main
sys.exit(main(["completion", "bash"]))
"""
# Asks the function that the script gives to `complete`, as readline does.
BASH = r"""
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}
function=$(complete -p archdsl | sed 's/.*-F \([^ ]*\).*/\1/')
"$function" archdsl "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\n' "${COMPREPLY[@]}"
"""
FISH = """
source $argv[1]
complete -C "$argv[2..]"
"""
# A shell in a terminal of its own, for zsh completes nowhere else. What it would offer goes to a file, then `done`.
ZSH = r"""
zmodload zsh/zpty
script=$1; shift
zpty terminal zsh -f -i
type() { zpty -w terminal "$1" }
type "PROMPT= RPROMPT=; stty -echo; fpath=(${(q)script:h} \$fpath); autoload -Uz compinit && compinit -u -D"
type 'compadd() {
  [[ " $* " == *" -[ADO] "* ]] && { builtin compadd "$@"; return }
  local -a offered; builtin compadd -O offered "$@"; print -rl -- $offered >> offered.txt; builtin compadd "$@" }'
type 'finish() { print done >> offered.txt }; zle -N finish; bindkey "^X" finish; bindkey "^I" complete-word'
type 'print ready >> offered.txt'
until [[ -e offered.txt ]]; do zpty -r -t terminal _ ; sleep 0.05; done
zpty -w -n terminal "${*}"$'\t\x18'
until grep -qx done offered.txt; do zpty -r -t terminal _; sleep 0.05; done
zpty -d terminal
grep -vx -e done -e ready offered.txt
"""
ASK = {
    "bash": ["bash", "--norc", "-c", BASH, "bash"],
    "zsh": ["zsh", "-f", "-c", ZSH, "zsh"],
    "fish": ["fish", "-N", "-c", FISH],
}


@pytest.fixture(params=ASK)
def offers(request: pytest.FixtureRequest, process: Command, tmp_path: Path) -> Callable[..., list[str]]:
    """What a shell offers for the last word of a command line."""
    shell = request.param
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    script = tmp_path / "functions" / "_archdsl"  # as zsh wants it called
    script.parent.mkdir()
    script.write_text(process("completion", shell).out)

    def ask(*words: str) -> list[str]:
        (tmp_path / "offered.txt").unlink(missing_ok=True)
        command: Sequence[str] = [*ASK[shell], str(script), *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        # fish adds what a word means; directories end in a slash in some shells only.
        return sorted({line.partition("\t")[0].rstrip("/ ") for line in done.stdout.splitlines() if line})

    return ask


def test_commands(offers: Callable[..., list[str]]) -> None:
    assert set(COMMANDS) <= set(offers("archdsl", ""))
    assert offers("archdsl", "es") == ["estimate"]
    assert offers("archdsl", "weights", "m") == ["map"]


def test_options_and_their_choices(offers: Callable[..., list[str]]) -> None:
    assert offers("archdsl", "check", "--out") == ["--output-format"]
    assert offers("archdsl", "check", "--output-format", "s") == ["sarif"]
    assert offers("archdsl", "diagram", "--level", "") == ["block", "operator", "stage"]
    assert offers("archdsl", "estimate", "--device", "h") == ["h100", "h200"]
    assert offers("archdsl", "explain", "ARC90") == sorted(code.name for code in ALL if code.name.startswith("ARC90"))


def test_specs(offers: Callable[..., list[str]], tmp_path: Path) -> None:
    (tmp_path / "nets").mkdir()
    for name in ("network.arch", "need.arch", "nets/inner.arch", "notes.txt"):
        (tmp_path / name).write_text("")
    assert offers("archdsl", "check", "ne") == ["need.arch", "nets", "network.arch"]
    inside = offers("archdsl", "estimate", "--per", "block", "nets/")
    assert [Path(name).name for name in inside if name != "nets"] == ["inner.arch"]
    assert offers("archdsl", "check", "need.arch", "netw") == ["network.arch"]
    assert offers("archdsl", "diff", "need.arch", "netw") == ["network.arch"]


def test_without_shtab() -> None:
    done = subprocess.run([sys.executable, "-c", WITHOUT], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "pip install 'archdsl[completion]'" in done.stderr


def test_a_shell_that_it_does_not_know(process: Command) -> None:
    assert process("completion", "ksh").code == 2
