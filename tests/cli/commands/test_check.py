"""`archdsl check` proves claims."""

import json
from itertools import cycle
from pathlib import Path

import pytest

from archdsl.folders import specs_folder
from tests.cli.conftest import BROKEN, SMALL, UNMET, Command


def test_what_holds_is_a_line_a_file(small: Path, archdsl: Command) -> None:
    Path("blocks.arch").write_text("block twice(channels) {\n  out = in -> conv(channels) -> conv(channels)\n}\n")
    assert archdsl("check", small, "blocks.arch") == (
        0,
        "small.arch: 1 model, 1 claim holds\nblocks.arch: 0 models, no claims\n",
        "",
    )


def test_shipped_specs_hold(archdsl: Command) -> None:
    code, out, err = archdsl("check", *sorted(specs_folder().glob("*.arch")))
    assert (code, err) == (0, "")
    assert "v2_l.arch: 1 model, 2 claims hold" in out


def test_a_claim_that_does_not_hold(small: Path, archdsl: Command) -> None:
    Path("unmet.arch").write_text(UNMET)
    code, out, err = archdsl("check", "unmet.arch", small)
    assert code == 1
    assert out == "small.arch: 1 model, 1 claim holds\n"
    assert "unmet.arch:15:" in err
    assert "error[ARC501]" in err
    assert err.endswith("\n1 problem\n")


def test_concise(archdsl: Command) -> None:
    Path("unmet.arch").write_text(UNMET)
    code, out, err = archdsl("check", "--output-format", "concise", "unmet.arch", "missing.arch")
    assert (code, out) == (2, "")
    first, second = err.splitlines()
    assert first.startswith("unmet.arch:15:")
    assert second.startswith("ARC901 cannot read missing.arch")


def test_json_is_one_document_on_standard_output(small: Path, archdsl: Command) -> None:
    Path("unmet.arch").write_text(UNMET)
    Path("broken.arch").write_text(BROKEN)
    code, out, err = archdsl("check", "--output-format", "json", small, "unmet.arch", "broken.arch")
    assert (code, err) == (1, "")
    document = json.loads(out)
    assert document["format_version"] == "1.2"
    assert {d["place"]["file"] for d in document["diagnostics"]} == {"unmet.arch", "broken.arch"}
    code, out, _ = archdsl("check", "--output-format", "json", small)
    assert code == 0
    assert json.loads(out)["diagnostics"] == []


def test_github_is_an_annotation_a_line(small: Path, archdsl: Command) -> None:
    Path("unmet.arch").write_text(UNMET)
    Path("broken.arch").write_text(BROKEN)
    code, out, err = archdsl("check", "--output-format", "github", small, "unmet.arch", "broken.arch", "missing.arch")
    assert (code, err) == (2, "")
    heads = [line.partition("::")[2].partition("::")[0] for line in out.splitlines()]
    assert heads == [
        "error file=unmet.arch,line=15,col=11,endLine=15,endColumn=23,title=ARC501",
        "error file=broken.arch,line=4,col=16,endLine=4,endColumn=18,title=ARC101",
        "error title=ARC901",
    ]
    assert archdsl("check", "--output-format", "github", small) == (0, "", "")


def test_sarif_is_one_document_on_standard_output(small: Path, archdsl: Command) -> None:
    Path("unmet.arch").write_text(UNMET)
    code, out, err = archdsl("check", "--output-format", "sarif", small, "unmet.arch")
    assert (code, err) == (1, "")
    (run,) = json.loads(out)["runs"]
    assert [result["ruleId"] for result in run["results"]] == ["ARC501"]
    code, out, _ = archdsl("check", "--output-format", "sarif", small)
    assert code == 0
    assert json.loads(out)["runs"][0]["results"] == []


MENDABLE = SMALL.replace("| mbconv |", "| mbcnv  |").replace("= 10\n", "= 10;\n").replace("global_avg", "gobal_avg")


def test_fix(small: Path, archdsl: Command) -> None:
    path = Path("mendable.arch")
    path.write_text(MENDABLE)
    path.chmod(0o640)
    code, out, err = archdsl("check", "--fix", path, small)
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "mendable.arch:4:15: ARC102 fixed: remove `;`",
        "mendable.arch:10:7: ARC202 fixed: replace `mbcnv` by `mbconv`",
        "mendable.arch:13:10: ARC201 fixed: replace `gobal_avg_pool` by `global_avg_pool`",
        "mendable.arch: 1 model, 1 claim holds",
        "small.arch: 1 model, 1 claim holds",
    ]
    assert path.read_text() == SMALL.replace("| mbconv |", "| mbconv  |")
    assert path.stat().st_mode & 0o777 == 0o640


def test_fix_leaves_what_it_cannot_mend(archdsl: Command) -> None:
    path = Path("mendable.arch")
    path.write_text(MENDABLE.replace("<= 10K", "<= 1K"))
    code, out, err = archdsl("check", "--fix", path)
    assert code == 1
    assert len(out.splitlines()) == 3
    assert "error[ARC501]" in err
    assert err.endswith("\n1 problem\n")


def test_a_fix_is_announced(archdsl: Command) -> None:
    path = Path("mendable.arch")
    path.write_text(MENDABLE.replace("= 10;", "= 10").replace("= 3,", "= 33 * x,"))
    code, _, err = archdsl("check", path)
    assert code == 1
    assert err.endswith("\n3 problems; `--fix` fixes 2\n")
    assert path.read_text().count("mbcnv") == 1, "nothing is changed without being asked"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_fix_keeps_what_is_no_text(archdsl: Command, mark: bytes, end: str) -> None:
    """A byte-order mark and the line ends of Windows, or of old Macs, are not what was to be fixed."""
    path = Path("mendable.arch")
    text = "# a comment is a line\n" + MENDABLE
    path.write_bytes(mark + text.replace("\n", end).encode())
    assert archdsl("check", "--fix", path).code == 0
    expected = "# a comment is a line\n" + SMALL.replace("| mbconv |", "| mbconv  |")
    assert path.read_bytes() == mark + expected.replace("\n", end).encode()


def test_fix_keeps_line_ends_that_differ(archdsl: Command) -> None:
    """Each line its own; a return alone among others is a mistake, as a terminal would hide what stands before it."""
    path = Path("mendable.arch")

    def mixed(text: str) -> bytes:
        return "".join(line + end for line, end in zip(text.splitlines(), cycle(["\n", "\r\n"]), strict=False)).encode()

    path.write_bytes(mixed(MENDABLE))
    assert archdsl("check", "--fix", path).code == 0
    assert path.read_bytes() == mixed(SMALL.replace("| mbconv |", "| mbconv  |"))

    hiding = b"# model net {}\r" + SMALL.encode()
    path.write_bytes(hiding)
    code, _, err = archdsl("check", "--fix", path)
    assert (code, path.read_bytes()) == (1, hiding)
    assert f"{path}:1:15: error[ARC107]: this line ends in U+000D alone, and other lines do not" in err


def test_fix_leaves_suggestions(archdsl: Command) -> None:
    """What may be another layer, or another setting, is for a person to decide."""
    path = Path("guessed.arch")
    text = (
        "model net {\n  input  = 3 x 32 x 32\n  clases = 10\n"
        "  stem   = conv1d(16, 3) -> deconv(8, kernel = 2, stride = 2) -> channel_mean\n"
        "  head   = global_avg_pool -> linear(classes)\n}\n"
    )
    path.write_text(text)
    code, _, err = archdsl("check", "--fix", path)
    assert (code, path.read_text()) == (1, text)
    for meant in ("`classes`", "`channel_bias` or `channel_gain`"):
        assert f"did you mean {meant}" in err
    for meant in ("`conv`", "`conv_transpose`"):
        assert f"here it is called {meant}" in err
    assert err.endswith("\n4 problems; 3 have a suggestion that `--fix` leaves to you\n")


def test_a_file_without_a_fix_is_not_written(small: Path, archdsl: Command) -> None:
    before = small.stat().st_ino
    assert archdsl("check", "--fix", small).code == 0
    assert small.stat().st_ino == before


def test_fix_and_a_document(archdsl: Command) -> None:
    path = Path("mendable.arch")
    path.write_text(MENDABLE)
    (found,) = json.loads(archdsl("check", "--output-format", "json", path).out)["diagnostics"]
    place = {"file": "mendable.arch", "line": 4, "column": 15, "end_line": 4, "end_column": 16}
    assert found["fix"] == {"title": "remove `;`", "applicability": "safe", "edits": [{"place": place, "text": ""}]}
    code, out, err = archdsl("check", "--fix", "--output-format", "json", path)
    assert code == 0
    assert json.loads(out)["diagnostics"] == []
    assert len(err.splitlines()) == 3


def test_fix_of_standard_input(small: Path, process: Command) -> None:
    code, out, err = process("check", "--fix", small, "-", stdin=MENDABLE)
    assert (code, out) == (2, "")
    assert "error[ARC904]: standard input is not a file that `--fix` could change" in err


def test_fix_through_a_link(archdsl: Command) -> None:
    folder = Path("folder")
    folder.mkdir()
    path = folder / "mendable.arch"
    path.write_text(MENDABLE)
    Path("link.arch").symlink_to(path)
    assert archdsl("check", "--fix", "link.arch").code == 0
    assert Path("link.arch").is_symlink(), "a link stays a link"
    assert "mbcnv" not in path.read_text()


def test_fix_changes_no_other_file(archdsl: Command) -> None:
    Path("used.arch").write_text("block unit(channels) {\n  out = in -> conv(chanels)\n}\n")
    path = Path("user.arch")
    path.write_text('use "used.arch"\n\nmodel m {\n  input = 3 x 8 x 8\n  stem  = unit(8)\n}\n')
    code, out, err = archdsl("check", "--fix", path)
    assert (code, out) == (1, "")
    assert "used.arch:2:20: error[ARC201]" in err
    assert "chanels" in Path("used.arch").read_text()
