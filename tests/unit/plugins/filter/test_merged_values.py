# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.natsops.nats.plugins.filter.merged_values import in_current_folder


def test_a_path_below_the_current_folder_becomes_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "values.yaml").touch()
    assert in_current_folder("values.yaml") == str(tmp_path / "values.yaml")
    assert in_current_folder("~/values.yaml") == str(tmp_path / "values.yaml")
    assert in_current_folder("other.yaml") == "other.yaml"
    assert in_current_folder("/absolute.yaml") == "/absolute.yaml"
