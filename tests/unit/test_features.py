# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of features names tests that are there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "features.md"
ROWS = [
    [cell.strip() for cell in line.strip("|\n").split("|")]
    for line in PAGE.read_text().splitlines()
    if line.startswith("|") and not line.startswith(("|---", "| Feature"))
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_every_cell_of_ours_names_a_test(row):
    assert len(row) == 5, row
    named = re.findall(r"`([^`]+)`", row[4])
    assert named or row[4] == "not yet", row
    for name in named:
        file, *path = name.split("::")
        nodes: list[ast.stmt] = ast.parse(
            (ROOT / (file if "/" in file else f"tests/integration/{file}")).read_text()
        ).body
        for part in path:
            found = [node for node in nodes if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and node.name == part]
            assert found, f"{name}: there is no {part}"
            nodes = found[0].body


def test_rows_are_there():
    assert len(ROWS) > 50
