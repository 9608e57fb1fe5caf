"""Recipes and networks that tests of training share: tiny ones."""

from __future__ import annotations

from typing import Any

from archdsl.ir.recipe import Recipe


def recipe(**settings: Any) -> Recipe:
    """A recipe of the defaults but for what is given."""
    fields = {
        "name": "quick",
        "model": "tiny",
        "place": ("tiny.arch", 1, 1),
        "epochs": 2,
        "batch": 16,
        "optimizer": {"kind": "sgd", "lr": 0.1},
        **settings,
    }
    return Recipe.model_validate(fields)
