# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.natsops.nats.plugins.module_utils.errors import BadInput, ConnectFailed
from ansible_collections.natsops.nats.plugins.module_utils.kube.kubeconfig import find, merge


def config(name: str, **context: Any) -> dict[str, Any]:
    return {
        "current-context": name,
        "clusters": [{"name": f"c-{name}", "cluster": {"server": f"https://{name}"}}],
        "contexts": [{"name": name, "context": {"cluster": f"c-{name}", "user": f"u-{name}", **context}}],
        "users": [{"name": f"u-{name}", "user": {"token": "SECRET"}}],
    }


def write(path: Path, content: object) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    return str(path)


def test_option_before_environment_before_home(tmp_path: Path) -> None:
    a, b, c = (write(tmp_path / name, config(name)) for name in "abc")
    write(tmp_path / ".kube" / "config", config("home"))
    environ: dict[str, str] = {}

    def picked(option: str | None = None) -> str:
        found = find(option, None, environ, tmp_path)
        assert found is not None
        return found.context

    assert picked() == "home"
    environ["KUBECONFIG"] = a
    assert picked() == "a"
    environ["K8S_AUTH_KUBECONFIG"] = b
    assert picked() == "b"
    assert picked(c) == "c"
    assert picked("~/a") == "a"


def test_context_of_the_environment(tmp_path: Path) -> None:
    both = merge([config("a"), config("b")])
    assert find(both, None, {"K8S_AUTH_CONTEXT": "b"}, tmp_path).context == "b"  # type: ignore[union-attr]
    assert find(both, "a", {"K8S_AUTH_CONTEXT": "b"}, tmp_path).context == "a"  # type: ignore[union-attr]


def test_a_list_of_files_is_merged_as_kubectl_does(tmp_path: Path) -> None:
    paths = [write(tmp_path / "a", config("a")), str(tmp_path / "missing"), write(tmp_path / "b", config("b"))]
    found = find(":".join(paths), None, {}, tmp_path)
    assert found is not None
    assert found.context == "a"  # the first that names one
    assert find(":".join(paths), "b", {}, tmp_path).cluster["server"] == "https://b"  # type: ignore[union-attr]
    assert found.source == f"{paths[0]}:{paths[2]}"


def test_a_mapping(tmp_path: Path) -> None:
    found = find(config("m", namespace="gsas"), None, {"KUBECONFIG": "/nonexistent"}, tmp_path)
    assert found is not None
    assert (found.context, found.namespace) == ("m", "gsas")
    assert "SECRET" not in repr(found)


@pytest.mark.parametrize(
    ("content", "context", "said"),
    [
        ("", None, "is empty"),
        ("[1]", None, "is not a mapping"),
        ("a: [SECRET", None, "is not YAML (line 1)"),
        (b"\xff\xfe\x00", None, "is not YAML"),
        ({"contexts": []}, None, "has no current context"),
        ({"current-context": "x", "contexts": "nonsense"}, None, "does not have the current context 'x'"),
        (merge([config("one"), config("two")]), "three", "There are: one, two."),
        ({**config("a"), "clusters": []}, None, "the cluster 'c-a', which has no entry"),
        ({**config("a"), "clusters": [{"name": "c-a", "cluster": {}}]}, None, "with a server"),
    ],
)
def test_what_is_wrong_with_a_file(tmp_path: Path, content: Any, context: str | None, said: str) -> None:
    path = tmp_path / "kubeconfig"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        write(path, content)
    with pytest.raises(ConnectFailed) as caught:
        find(str(path), context, {}, tmp_path)
    assert said in str(caught.value)
    assert str(path) in str(caught.value)
    assert "SECRET" not in str(caught.value)


def test_a_missing_file_names_who_named_it(tmp_path: Path) -> None:
    with pytest.raises(ConnectFailed, match=r"/nonexistent, named by kubernetes\.kubeconfig, does not exist"):
        find("/nonexistent", None, {}, tmp_path)
    with pytest.raises(ConnectFailed, match="KUBECONFIG, does not exist"):
        find(None, None, {"KUBECONFIG": "/nonexistent"}, tmp_path)
    with pytest.raises(ConnectFailed, match="There is no kubeconfig"):
        find(None, None, {}, tmp_path)
    with pytest.raises(ConnectFailed, match="cannot be read: Is a directory"):
        find(str(tmp_path), None, {}, tmp_path)


@pytest.mark.parametrize("text", ["apiVersion: v1\nusers: [SECRET]", '{"users": ["SECRET"]}'])
def test_text_in_place_of_a_path_is_not_shown(tmp_path: Path, text: str) -> None:
    with pytest.raises(BadInput) as caught:
        find(text, None, {}, tmp_path)
    assert "SECRET" not in str(caught.value)
