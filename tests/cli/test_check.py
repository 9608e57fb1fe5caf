"""`archdsl check` proves claims."""

import json
from pathlib import Path

from archdsl.folders import specs_folder
from tests.cli.conftest import BROKEN, UNMET, Command


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
    assert document["format_version"] == "1.1"
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
