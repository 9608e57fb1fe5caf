"""Command lines that cannot run, and files that are not written over."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from archdsl.cli.specs import own_file
from tests.errors.showing import NET, Case, command

RECIPE = f"{NET}recipe quick for net {{\n epochs = 2\n batch = 64\n optimizer = sgd(0.1)\n}}\n"
SPACE = "model net {\n input = 3 x 16 x 16\n stem = conv({8, 16})\n}\n"


def said(text: bytes, line: str) -> Callable[[pytest.MonkeyPatch], object]:
    """A command line with a text on standard input."""

    def run(monkeypatch: pytest.MonkeyPatch) -> object:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))
        return command(line)()

    return run


def linked() -> object:
    Path("elsewhere").mkdir()
    Path("elsewhere/net.json").write_text("")
    Path("out").mkdir()
    Path("out/net.svg").symlink_to("../elsewhere/net.json")
    return command("diagram net.arch --out out/net.svg")()


def edited() -> object:
    command("build net.arch")()
    written = Path("codegen/net.py")
    written.write_text(f"{written.read_text()}# mine\n")
    return command("build net.arch")()


def other_capitals() -> object:
    Path("codegen").mkdir()
    Path("codegen/Net.py").write_text("")
    return command("build net.arch")()


def without(package: str, line: str, **texts: str) -> Callable[[pytest.MonkeyPatch], object]:
    def run(monkeypatch: pytest.MonkeyPatch) -> object:
        monkeypatch.setitem(sys.modules, package, None)
        return command(line, **texts)()

    return run


def with_wrong_limits(monkeypatch: pytest.MonkeyPatch) -> object:
    monkeypatch.setattr("archdsl.limits._of_environment", lambda: __import__("archdsl.limits").limits.parse("layers"))
    return command("check net.arch")()


def large_table(monkeypatch: pytest.MonkeyPatch) -> object:
    monkeypatch.setattr("archdsl.cli.commands.compare_data._MOST_BYTES", 3)
    return command("compare net.arch --data a.csv", a_csv="name,top1\n")()


def rough(monkeypatch: pytest.MonkeyPatch) -> object:
    """Any measurement scatters by more than less than nothing."""
    monkeypatch.setattr("archdsl.cli.commands.calibrate._MAX_SCATTER", -1)
    return command("calibrate --threads 1 --networks 1 --rounds 1 --force --out mine.json")()


def compare(table: str) -> Case:
    return command("compare net.arch --data a.csv --x macs --y top1", a_csv=table)


def space(options: str) -> Case:
    return command(f"space space.arch {options}", space_arch=SPACE)


CASES: dict[str, Case] = {
    # Arguments
    "UnknownCommand": command("chekc"),
    "BadArguments": command("check"),
    "UnknownOption": command("check net.arch --quick"),
    "SurplusArgument": command("space net.arch net.arch"),
    "NotChoice": command("completion powershell"),
    "NotChoiceOfOption": command("estimate net.arch --per layer"),
    "OptionAlone": command("estimate net.arch --training"),
    "UnestimatedType": command("estimate net.arch --memory --dtype int8"),
    # Specs
    "NotSpec": command("diff :: net.arch"),
    "RevisionOfStandardInput": command("diff -- -@HEAD net.arch"),
    "ShippedFile": lambda: own_file("archdsl:mnasnet.arch"),
    "SeveralNetworks": command("weights map two.arch --from x.pth", two_arch=NET + NET.replace("net", "other")),
    # Files that are written
    "CannotWrite": linked,
    "OverwritesInput": command("import net.arch --from timm --out net.arch"),
    "FileExists": command("space space.arch --at 0 --out mine.arch", space_arch=SPACE, mine_arch="# mine\n"),
    "EditedOutput": edited,
    "ForeignOutput": command("diagram net.arch --out mine.tex", mine_tex="mine\n"),
    "NotFolder": command("build net.arch --out net.py"),
    "NotFile": command("fit net.arch --macs 1M --out mine/"),
    "NoStandardOutput": command("build net.arch --out -"),
    "OtherCapitals": other_capitals,
    "SameOutput": command("build net.arch Net.arch", Net_arch=NET),
    "UnusableModuleName": command("build torch.arch", torch_arch=NET),
    "UnknownExtension": command("diagram net.arch --out net.gif"),
    "OtherExtension": command("diagram net.arch --out net.svg --format png"),
    # Single commands
    "NotProfileName": command("calibrate --out mine.txt"),
    "RuntimeNotOnCuda": command("calibrate --backend onnxruntime --device cuda"),
    "FixesStandardInput": command("check --fix -"),
    "WatchesStandardInput": command("watch -"),
    "SameColumn": command("compare net.arch --memory --data a.csv", a_csv="name,memory\nnet,3\n"),
    "UnknownAxis": command("compare net.arch --x mass"),
    "NotPlot": command("compare net.arch --plot net.gif"),
    "NotTable": command("compare net.arch --data a.xlsx", a_xlsx=""),
    "BadTable": compare("name,top1\nnet\n"),
    "UnmatchedRow": compare("name,top1\nnet,3\nnte,3\n"),
    "UnmatchedRows": compare("name,top1\nnet,3\n" + "".join(f"a{index},3\n" for index in range(9))),
    "UnmeasuredType": command("compare net.arch --measure --dtype int8"),
    "DoesNotRun": command(
        "compare one.arch --measure --training",
        one_arch="model one {\n input = 3 x 1 x 1\n classes = 10\n stem = conv_norm_act(8, 1)\n"
        " head = global_avg_pool -> linear(classes) }\n",
    ),
    "NoWidth": command("diagram net.arch --width 3in --format mermaid"),
    "BadWidth": command("diagram net.arch --width 3"),
    "SmallText": command("diagram net.arch --width 1cm --out net.svg"),
    "MemoryAndLatency": command("estimate net.arch --memory --device v100"),
    "ReceptiveFieldAlone": command("estimate net.arch --receptive-field --per model"),
    "ExplainWithoutDevice": command("estimate net.arch --explain"),
    "MemoryByPart": command("estimate net.arch --memory --per block"),
    "UnknownCode": command("explain ARC999"),
    "NoBudget": command("fit net.arch"),
    "ConstraintWithoutGrid": command("fit net.arch --macs 1M --constraint width==1"),
    "SetsNothing": command("fit net.arch --macs 1M --set width"),
    "SetTwice": command("fit net.arch --macs 1M --set width=1 --set width=2"),
    "SeedWithoutSamples": space("--seed 2"),
    "AtAndSearch": space("--at 0 --best macs"),
    "FileWithPredictions": space("--at 0 --memory --out mine.arch"),
    "NotOneNetwork": space("--sample 2 --out mine.arch"),
    "MissingColumn": space("--best memory"),
    "NotColumn": space("--best least:macs"),
    "UnknownColumnOfSpace": space("--best mass"),
    "NoNetworkMeets": space("--best macs --where macs<1"),
    "UnsharedBatch": command("plan a.arch --images 640 --devices 3", a_arch=RECIPE),
    "BatchOverData": command("plan a.arch --images 32", a_arch=RECIPE),
    "ResumeAndForce": command("train a.arch --resume --force --out run", a_arch=RECIPE),
    "NothingToTrain": command("train --data images --out run"),
    "NoImages": command("train a.arch --out run", a_arch=RECIPE),
    "ChangesResumed": command("train --resume --epochs 3 --set batch=32 --out run"),
    "NotPeer": command("weights export net.arch x.pth --to resnet50 --out y.pth"),
}
PATCHED: dict[str, Callable[[pytest.MonkeyPatch], object]] = {
    "MissingPackages": without("shtab", "completion bash"),
    "StandardInputNotText": said(b"\xff", "check -"),
    "UnnamedOutputs": said(f"{NET}{NET.replace('net', 'other')}".encode(), "build -"),
    "WrongBounds": with_wrong_limits,
    "TooLargeTable": large_table,
    "RoughProfile": rough,
}
