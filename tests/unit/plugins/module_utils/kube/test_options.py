# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.natsops.nats.plugins.module_utils.errors import BadInput
from ansible_collections.natsops.nats.plugins.module_utils.kube.options import ARGSPEC, from_params, secrets


def test_every_option_of_the_spec_is_read() -> None:
    given = {
        "kubeconfig": "~/.kube/x",
        "context": "arn:aws:eks:eu-west-1:1:cluster/a",
        "namespace": "gsas",
        "service": None,
        "release": "my.release",
        "port": 4333,
    }
    assert set(given) == set(ARGSPEC["kubernetes"]["options"])
    options = from_params(given)
    assert {name: getattr(options, name) for name in given} == given


def test_defaults() -> None:
    options = from_params({"service": "gsas-nats", "port": None, "namespace": ""})
    assert (options.kubeconfig, options.context, options.namespace, options.port) == (None, None, None, 4222)


@pytest.mark.parametrize(
    ("params", "named"),
    [
        ({}, "service and release"),
        ({"service": "", "release": None}, "service and release"),
        ({"service": "a", "release": "b"}, "'a', 'b'"),
        ({"service": "A"}, "kubernetes.service is 'A'"),
        ({"service": "a.b"}, "kubernetes.service is 'a.b'"),
        ({"service": "a\n"}, "kubernetes.service"),
        ({"service": "../x"}, "kubernetes.service"),
        ({"service": "a" * 64}, "kubernetes.service"),
        ({"release": "a" * 54}, "kubernetes.release"),
        ({"release": "a,b=c"}, "kubernetes.release"),
        ({"service": "a", "namespace": "-a"}, "kubernetes.namespace"),
        ({"service": "a", "namespace": 7}, "kubernetes.namespace"),
        ({"service": "a", "port": 0}, "kubernetes.port is 0"),
        ({"service": "a", "port": 65536}, "kubernetes.port is 65536"),
        ({"service": "a", "port": True}, "kubernetes.port"),
        ({"service": "a", "port": "nats"}, "kubernetes.port"),
        ({"service": "a", "kubeconfig": 7}, "kubernetes.kubeconfig"),
        ({"service": "a", "context": ["x"]}, "kubernetes.context"),
    ],
)
def test_bad_input_is_named(params: dict[str, Any], named: str) -> None:
    with pytest.raises(BadInput) as caught:
        from_params(params)
    assert named in caught.value.message
    assert caught.value.mend


def test_secrets_of_a_kubeconfig() -> None:
    kubeconfig = {
        "apiVersion": "v1",
        "current-context": "x",
        "clusters": [{"name": "c", "cluster": {"server": "https://a", "certificate-authority-data": "CA"}}],
        "users": [
            {"name": "u", "user": {"token": "T", "password": "P", "username": "me", "client-key-data": "K"}},
            {
                "name": "v",
                "user": {"auth-provider": {"name": "oidc", "config": {"id-token": "I", "refresh-token": "R"}}},
            },
            {"name": "w", "user": {"exec": {"command": "aws", "env": [{"name": "AWS_SECRET", "value": "E"}]}}},
        ],
    }
    assert secrets(kubeconfig) == {"T", "P", "K", "I", "R", "E"}
    assert secrets("/a/path") == set()
    assert "T" not in repr(from_params({"service": "a", "kubeconfig": kubeconfig}))
