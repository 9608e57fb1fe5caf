"""TikZ figures: without its texts, a document is that of harmless text, and no text is more than text to TeX."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from archdsl.backends.diagram import style, tikz
from archdsl.backends.diagram.tex import OTHER, escape
from tests.injection.places import DOCS, FREE, HARMLESS, PAYLOADS, architectures, meant_for, reference

EVERYWHERE = (*DOCS, *FREE)
TEX = shutil.which("pdflatex") or shutil.which("tectonic")

# What stands for text: characters that are no more than themselves, and commands that take nothing but a letter.
_ACCENT = r"""\\[`'^~="urHvck.]\{(?:[A-Za-z]|\\[ij])\}"""
_COMMAND = (
    r"\\(?:text(?:backslash|asciicircum|asciitilde|less|greater|bar|quotedbl|quotesingle|periodcentered"
    r"|endash|emdash|ellipsis)|ss|ae|AE|oe|OE|o|O|l|L|`)\{\}"
)
TEXT = rf"(?:[A-Za-z0-9 !()*+,./:;=?@\[\]-]|\{{\}}|\\[{{}}$&#%_]|{_ACCENT}|{_COMMAND}" + (
    r"|\\ensuremath\{\\(?:rightarrow|times|div)\}|\\archdslchar\{[0-9A-F]{4,6}\})*"
)
_LINE = rf"{TEXT}(?:\\\\{TEXT})*"
NODE = re.compile(
    rf"(\\node\[[^\[\]]*?\](?: \(\w+-\w+\))? at )\([-\d.,]+\) "
    rf"\{{(?:\{{\\archdslfont\{{12\}}\\bfseries {TEXT}\}}\\\\)?{_LINE}\}};"
)


def without_texts(document: str) -> list[str]:
    """The lines of a document; of nodes no texts, and of nothing where it stands or how large it is."""
    lines = []
    for line in document.splitlines():
        found = NODE.fullmatch(line)
        assert found or not line.startswith(r"\node"), line
        kept = found[1] if found else line
        lines.append(re.sub(r"-?\d+(\.\d+)?(e\+\d+)?", "0", kept))
    # A curve has as many bends as its way takes, and what goes straight is said by names.
    return [line for line in lines if not line.startswith(r"\draw[arch flow]")]


@pytest.mark.parametrize("payload", meant_for("tex", "shell", "data"))
def test_a_document_is_the_same_document(payload: str) -> None:
    text = PAYLOADS[payload]
    networks = architectures(text, *EVERYWHERE)
    same = reference(*EVERYWHERE) if style.plain(text) else architectures("", *EVERYWHERE)
    for level in ("stage", "block"):
        hostile, harmless = (
            tikz(found if level == "stage" else [found[-1]], level).text  # type: ignore[arg-type]
            for found in (networks, same)
        )
        assert hostile.isascii()
        assert without_texts(hostile) == without_texts(harmless)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_text_is_nothing_but_text(payload: str) -> None:
    assert re.fullmatch(TEXT, escape(PAYLOADS[payload]))


def test_what_acts_is_seen() -> None:
    """The checks above can fail."""
    document = tikz(reference("model_doc"), "stage").text
    assert HARMLESS in document
    without_texts(document)
    for hostile in ("\\input{x}", "%", "}", "{", "$", "\\\\[1bp]\\relax", "^^41", "~", "#1"):
        assert not re.fullmatch(TEXT, hostile)
        with pytest.raises(AssertionError):
            without_texts(document.replace(HARMLESS, hostile, 1))


@pytest.mark.skipif(TEX is None, reason="there is no TeX on this machine")
def test_tex_takes_every_text(tmp_path: Path) -> None:
    """All payloads in one document, which compiles, runs to its end and leaves nothing behind."""
    shown = [f"{number}: {escape(text)}" for number, text in enumerate(PAYLOADS.values())]
    packages = r"\usepackage[T1]{fontenc}\usepackage{textcomp,helvet}"
    head = rf"\documentclass{{article}}{packages}{OTHER}\pagestyle{{empty}}\begin{{document}}"
    (tmp_path / "all.tex").write_text(
        "\n\n".join([head, r"\sffamily", *shown, r"\typeout{reached the end}", r"\end{document}"])
    )
    assert compile_tex(tmp_path / "all.tex").count("reached the end") >= 1
    assert not list(tmp_path.rglob("pwned*"))


def compile_tex(document: Path) -> str:
    """What TeX says of a document, which must give a PDF without a mistake."""
    options = ["-interaction=nonstopmode", "-halt-on-error"] if str(TEX).endswith("pdflatex") else ["--print"]
    command = [str(TEX), *options, document.name]
    done = subprocess.run(command, cwd=document.parent, capture_output=True, timeout=120, check=False)
    said = done.stdout.decode(errors="replace") + done.stderr.decode(errors="replace")
    assert done.returncode == 0, said[-2000:]
    assert document.with_suffix(".pdf").read_bytes().startswith(b"%PDF")
    return said
