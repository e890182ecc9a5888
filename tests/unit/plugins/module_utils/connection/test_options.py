# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of connection options: environment, checks, and its documentation."""

from __future__ import annotations

import pytest
import yaml

from ansible_collections.natsops.nats.plugins.doc_fragments.connection import ModuleDocFragment
from ansible_collections.natsops.nats.plugins.module_utils.connection import options
from ansible_collections.natsops.nats.plugins.module_utils.errors import BadInput

NOTHING = {name: spec.get("default") for name, spec in options.SPEC.items()}


def resolved(environment=None, **params):
    return options.from_params(NOTHING | params, environment or {})


def test_documented_as_specified():
    documented = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"]
    assert _shape(documented, "suboptions") == _shape(options.SPEC, "options")


def test_lookups_have_a_variable_for_every_option():
    documented = yaml.safe_load(ModuleDocFragment.PLUGINS)["options"]
    assert documented == {name: {"vars": [{"name": f"natsops_nats_{name}"}]} for name in options.SPEC}


def _shape(specs, inner):
    return {
        name: (
            spec["type"],
            spec.get("default"),
            spec.get("elements"),
            spec.get("required", False),
            _shape(spec[inner], inner) if inner in spec else None,
        )
        for name, spec in specs.items()
    }


def test_every_secret_is_masked():
    assert all(options.SPEC[name]["no_log"] for name in options.SECRET)


def test_default_server():
    assert resolved().servers == ("nats://127.0.0.1:4222",)


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("host", "nats://host:4222"),
        ("host:1", "nats://host:1"),
        ("tls://host", "tls://host:4222"),
        ("nats://[::1]:5", "nats://[::1]:5"),
        (" nats://u:p@host ", "nats://host:4222"),
    ],
)
def test_urls(given, url):
    assert resolved(servers=[given]).servers == (url,)


@pytest.mark.parametrize(
    "given", ["", "nats://", "http://host", "host:port", "host:70000", "nats://host/path", "ws://h"]
)
def test_no_urls(given):
    with pytest.raises(BadInput, match="servers"):
        resolved(servers=[given])


def test_option_beats_url_beats_environment():
    environment = {"NATS_USER": "e", "NATS_PASSWORD": "e"}
    url = ["nats://u:p%40@host"]
    assert resolved(environment, servers=["host"]).auth_arguments == {"user": "e", "password": "e"}
    assert resolved(environment, servers=url).auth_arguments == {"user": "u", "password": "p@"}
    assert resolved(environment, servers=url, token="t").auth_arguments == {"token": "t"}
    assert resolved(servers=["nats://t0@host"]).auth_arguments == {"token": "t0"}


def test_kubernetes_shuts_out_nats_url():
    kubernetes = {"release": "gsas", "port": 4222}
    assert resolved({"NATS_URL": "nats://elsewhere"}, kubernetes=kubernetes).servers == ()
    with pytest.raises(BadInput, match="both given"):
        resolved(kubernetes=kubernetes, servers=["host"])


def test_tls_is_demanded_by_scheme_or_files_not_by_the_name_alone():
    assert not resolved(tls_hostname="h").tls_demanded
    assert resolved(servers=["tls://h"]).tls_demanded
    assert resolved(tls_ca_file="f").tls_demanded
    assert resolved({"NATS_CA": "f"}).tls_demanded
    assert resolved({"NATS_CA": "f"}, tls_hostname="h").tls_demanded, "the name shuts out no file"
    assert resolved({"NATS_CA": "f"}, tls_hostname="h").tls["tls_hostname"] == "h"
    assert resolved(tls_first=True).tls_demanded


def test_secrets_are_found_in_bad_input_too():
    params = {
        "servers": ["x://u:p%21@h/?", "tok3n@h"],
        "kubernetes": {"kubeconfig": {"users": [{"user": {"token": "k"}}]}},
    }
    found = options.secrets(params, {"NATS_URL": "nats://:w@h", "NATS_PASSWORD": "e"})
    assert found == {"p%21", "p!", "tok3n", "k", "w", "e"}


def test_secrets_are_not_in_the_text_form():
    made = resolved(user="u", password="pass-word")
    assert "pass-word" not in repr(made)
