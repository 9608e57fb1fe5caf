"""A comparison as a table for people and as JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from archdsl.backends.table import aligned
from archdsl.backends.units import human
from archdsl.diff.difference import Difference, LayerChange, PartChange
from archdsl.diff.operators import Change, KeyChange, OperatorChange
from archdsl.diff.pairing import Paired
from archdsl.diff.recipes import NO_RECIPES, PairedRecipes, RecipeDifference, subject, written
from archdsl.diff.summary import block_lines, changed, key_groups, value
from archdsl.ir.base import Shape, Size
from archdsl.ir.cost import Cost
from archdsl.ir.walk import Visit

FORMAT_VERSION = "1.1"


# For people ----------------------------------------------------------------------------------------------------------


def as_table(paired: Paired, recipes: PairedRecipes = NO_RECIPES) -> str:
    """Each pair of networks and of recipes, and which of them came or went."""
    texts = [_network(difference) for difference in paired.differences if not difference.is_equal]
    lines = [f"{_name(difference)}: equal" for difference in paired.differences if difference.is_equal]
    lines += [f"- {network.name}: removed" for network in paired.removed]
    lines += [f"+ {network.name}: added" for network in paired.added]
    texts += [_recipe(difference) for difference in recipes.differences if not difference.is_equal]
    lines += [f"recipe {one.after.name}: equal" for one in recipes.differences if one.is_equal]
    lines += [f"- recipe {recipe.name} for {subject(recipe)}: removed" for recipe in recipes.removed]
    lines += [f"+ recipe {recipe.name} for {subject(recipe)}: added" for recipe in recipes.added]
    return "\n\n".join([*texts, *filter(None, ["\n".join(lines)])])


def _network(difference: Difference) -> str:
    texts = [f"{_name(difference)}\n{_whole(difference)}", _parts(difference.parts)]
    blocks = [(where, *line) for where, lines in block_lines(difference.parts) for line in lines]
    if blocks:
        rows = [
            ["" if index and blocks[index - 1][0] == where else where, path, text]
            for index, (where, path, text) in enumerate(blocks)
        ]
        texts.append(aligned(["block", "operator", "change"], rows, "<<<"))
    if difference.keys:
        texts.append(_keys(difference))
    return "\n\n".join(text for text in texts if text)


def _recipe(difference: RecipeDifference) -> str:
    texts = [f"recipe {difference.after.name}"]
    for what, changes in (("setting", difference.settings), ("by phase", difference.phases)):
        rows = [[change.what, written(change.before), written(change.after)] for change in changes]
        texts += [aligned([what, "before", "after"], rows, "<<<")] if rows else []
    return "\n".join(texts)


def _name(difference: Difference) -> str:
    return " -> ".join(dict.fromkeys((difference.before.name, difference.after.name)))


def _whole(difference: Difference) -> str:
    was, now = difference.costs
    rows = [[change.what, _fact(change.before), _fact(change.after), ""] for change in difference.facts]
    for what, one, other in (("params", was.params, now.params), ("MACs", was.macs, now.macs)):
        rows.append([what, human(one), human(other), _by(one, other)])
    return aligned(["", "before", "after", "change"], rows, "<>>>")


def _fact(found: Any) -> str:
    return f"ramp({found.rate:g}{', reach = true' if found.reach else ''})" if hasattr(found, "reach") else value(found)


def _by(before: int, after: int) -> str:
    if before == after:
        return ""
    share = f" ({100 * (after - before) / before:+.1f} %)" if before else ""
    return f"{signed(after - before)}{share}"


def signed(count: int) -> str:
    return f"{'-' if count < 0 else '+'}{human(abs(count))}" if count else ""


def _parts(parts: Sequence[PartChange]) -> str:
    rows = []
    for part in parts:
        if part.is_equal:
            continue
        was, now = part.costs
        costs = [signed(now.params - was.params), signed(now.macs - was.macs)]
        rows.append([*_title(part), *costs, _shapes(part), _row(part)])
    return aligned(["", "part", "params", "MACs", "output", "change"], rows, "<<>>><") if rows else ""


def _title(part: PartChange) -> tuple[str, str]:
    if part.before is None or part.after is None:
        one = part.before or part.after
        assert one is not None
        return ("-" if part.before else "+"), one.path
    was, now = part.before.path, part.after.path
    return "~", was if was == now else f"{was} -> {now}"


def _shapes(part: PartChange) -> str:
    return " -> ".join(dict.fromkeys(str(one.output) for one in (part.before, part.after) if one is not None))


def _row(part: PartChange) -> str:
    if part.before is None or part.after is None:
        one = part.before or part.after
        assert one is not None
        return ", ".join(text if what == "op" else f"{what} {text}" for what, text in _row_facts(one.facts))
    return ", ".join(map(changed, part.facts))


def _row_facts(facts: Any) -> list[tuple[str, str]]:
    return [(what, value(found)) for what, found in facts.items()]


def _keys(difference: Difference) -> str:
    keys = difference.keys
    counts = {
        "added": sum(key.before is None for key in keys),
        "removed": sum(key.after is None for key in keys),
        "renamed": sum(key.is_renamed for key in keys),
        "of another shape": sum(key.is_reshaped for key in keys),
    }
    head = "state_dict: " + ", ".join(f"{count} {what}" for what, count in counts.items() if count)
    rows = [[group.sign, str(group), group.sizes] for group in key_groups(difference.parts)]
    return f"{head}\n{aligned(rows[0], rows[1:], '<<<')}"


# For programs --------------------------------------------------------------------------------------------------------


def as_json(paired: Paired, recipes: PairedRecipes = NO_RECIPES) -> str:
    """A JSON document with every change in full."""
    document = {
        "format_version": FORMAT_VERSION,
        "equal": paired.is_equal and recipes.is_equal,
        "models": [_difference(difference) for difference in paired.differences],
        "removed": [network.name for network in paired.removed],
        "added": [network.name for network in paired.added],
        "recipes": {
            "changed": [_recipe_json(difference) for difference in recipes.differences if not difference.is_equal],
            "removed": [recipe.name for recipe in recipes.removed],
            "added": [recipe.name for recipe in recipes.added],
        },
    }
    return json.dumps(document, indent=2)


def _recipe_json(difference: RecipeDifference) -> dict[str, Any]:
    return {
        "name": difference.after.name,
        "settings": [_change(change) for change in difference.settings],
        "phases": [_change(change) for change in difference.phases],
    }


def _difference(difference: Difference) -> dict[str, Any]:
    was, now = difference.costs
    return {
        "before": difference.before.name,
        "after": difference.after.name,
        "equal": difference.is_equal,
        "facts": [_change(change) for change in difference.facts],
        "costs": _costs(was, now),
        "parts": [_part(part) for part in difference.parts if not part.is_equal],
    }


def _costs(before: Cost, after: Cost) -> dict[str, Any]:
    return {
        "params": {"before": before.params, "after": after.params},
        "macs": {"before": before.macs, "after": after.macs},
    }


def _part(part: PartChange) -> dict[str, Any]:
    def of(what: str) -> dict[str, Any]:
        both = (getattr(one, what) if one is not None else None for one in (part.before, part.after))
        return dict(zip(("before", "after"), map(_plain, both), strict=True))

    return {
        "path": of("path"),
        "input": of("input"),
        "output": of("output"),
        "costs": _costs(*part.costs),
        "changes": [_change(change) for change in part.facts],
        "layers": [_layer(layer) for layer in part.layers],
    }


def _layer(layer: LayerChange) -> dict[str, Any]:
    return {
        "before": layer.before.path if layer.before else None,
        "after": layer.after.path if layer.after else None,
        "operators": [_operator(operator) for operator in layer.operators],
        "keys": [_key(key) for key in layer.keys],
    }


def _operator(operator: OperatorChange) -> dict[str, Any]:
    def of(visit: Visit | None) -> dict[str, str] | None:
        return None if visit is None else {"path": visit.path, "operator": visit.label}

    changes = [_change(change) for change in operator.changes]
    return {"before": of(operator.before), "after": of(operator.after), "changes": changes}


def _change(change: Change) -> dict[str, Any]:
    return {"what": change.what, "before": _plain(change.before), "after": _plain(change.after)}


def _key(key: KeyChange) -> dict[str, Any]:
    return {
        "before": key.before,
        "after": key.after,
        "shape_before": _plain(key.size_before),
        "shape_after": _plain(key.size_after),
    }


def _plain(found: Any) -> Any:
    if isinstance(found, Shape | Size | tuple):
        return list(found)
    return found.model_dump() if hasattr(found, "model_dump") else found
