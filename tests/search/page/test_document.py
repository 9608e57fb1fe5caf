"""The page of a study: complete, by itself, and safe whatever stands in the texts."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from archdsl.cli.main import main
from archdsl.search.page.document import as_html
from archdsl.search.study import Study

HOSTILE = "</title><script>alert(1)</script>"
SPACE = f"""## {HOSTILE} <img src=x onerror=alert(2)>
# {HOSTILE}
model tiny {{
  input     = 3 x 16 x 16
  classes   = 10
  objective = front(params, maximize(activations))

  stem = conv_norm_act({{8, 16, 24}}, kernel = {{1, 3}})
  head = global_avg_pool -> linear(classes)
}}
"""


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    Path("tiny.arch").write_text(SPACE)
    command = ["search", "tiny.arch", "--out", "study", "--trials", "12", "--algorithm", "random", "--quiet"]
    assert main([*command, "--study", "<b>bold</b>"]) == 0
    return as_html(Study.join(Path("study"), None, None))


def test_nothing_of_a_text_becomes_markup(page: str) -> None:
    assert "<script" not in page
    assert "<img" not in page
    assert "<b>bold" not in page
    assert "&lt;b&gt;bold&lt;/b&gt;" in page
    assert "&lt;script&gt;alert(1)" in page  # the text of a network found is shown


def test_it_loads_nothing(page: str) -> None:
    assert not re.findall(r"<[^<>]*\s(?:src|href)\s*=", page)
    assert "@import" not in page
    assert "url(" not in page


def test_it_shows_every_trial_and_the_front(page: str) -> None:
    study = Study.join(Path("study"), None, None)
    assert f"The front: {len(study.best())} networks" in page
    assert all(f">{trial.number}<" in page for trial in study.trials())
    charts = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert charts
    for chart in charts:
        ElementTree.fromstring(chart)
