"""Several files are checked at once, and what is said of them is what is said of each alone, in their order."""

from __future__ import annotations

from pathlib import Path

from archdsl.cli.parallel import each
from tests.cli.conftest import Command

RIGHT = "model net_{n} {{\n  input = 3 x 8 x 8\n  head = conv({n})\n}}\n"
WRONG = "model net_{n} {{\n  input = 3 x 8 x 8\n  head = cnv({n})\n}}\n"


def test_many_files_in_their_order(process: Command) -> None:
    files = [f"net_{n}.arch" for n in range(1, 13)]
    for n, name in enumerate(files, 1):
        Path(name).write_text((WRONG if n % 3 == 0 else RIGHT).format(n=n))
    code, out, err = process("check", *files)
    alone = [process("check", name) for name in files]
    assert code == 1
    assert out == "".join(one.out for one in alone)
    said = "".join(one.err.replace("1 problem; `--fix` fixes 1\n", "").replace("1 problem\n", "") for one in alone)
    assert err.splitlines()[:-1] == said.splitlines()
    assert err.splitlines()[-1].startswith("4 problems")


def test_a_file_that_is_not_there_does_not_stop_the_others(process: Command) -> None:
    files = [f"net_{n}.arch" for n in range(1, 6)]
    for n, name in enumerate(files, 1):
        Path(name).write_text(RIGHT.format(n=n))
    code, out, err = process("check", *files[:2], "nowhere.arch", *files[2:])
    assert code == 2
    assert out.count("1 model") == 5
    assert "cannot read nowhere.arch" in err


def test_one_after_the_other_where_others_run_beside() -> None:
    assert list(each(str, [1, 2, 3, 4, 5])) == ["1", "2", "3", "4", "5"]
