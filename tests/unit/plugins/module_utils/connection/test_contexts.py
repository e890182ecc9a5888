# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Contexts of the nats CLI: read, masked, and weighed against options and the environment."""

from __future__ import annotations

import base64
import json

import pytest

from ansible_collections.natsops.nats.plugins.module_utils.connection import contexts, options
from ansible_collections.natsops.nats.plugins.module_utils.errors import BadInput

# As `nats context save` of 0.5.1 writes an empty one.
EMPTY = dict.fromkeys(
    (
        *(
            "description",
            "url",
            "socks_proxy",
            "token",
            "user",
            "password",
            "creds",
            "nkey",
            "cert",
            "key",
            "ca",
            "nsc",
        ),
        *(
            "jetstream_domain",
            "jetstream_api_prefix",
            "jetstream_event_prefix",
            "inbox_prefix",
            "user_jwt",
            "user_seed",
        ),
        *("color_scheme", "windows_cert_store", "windows_cert_match_by", "windows_cert_match"),
    ),
    "",
) | {"tls_first": False, "windows_ca_certs_match": None}
NOTHING = {name: spec.get("default") for name, spec in options.SPEC.items()}
CREDS = (
    "-----BEGIN NATS USER JWT-----\njwt-word\n------END NATS USER JWT------\n\n"
    "-----BEGIN USER NKEY SEED-----\nseed-word\n"
)


@pytest.fixture
def environment(tmp_path):
    return {"XDG_CONFIG_HOME": str(tmp_path)}


@pytest.fixture
def save(environment):
    def save(name, **fields):
        folder = contexts.folder(environment)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.json").write_text(json.dumps(EMPTY | fields))

    return save


def resolved(environment, **params):
    return options.from_params(NOTHING | params, environment)


def test_every_field_of_the_cli(save, environment):
    save(
        "a",
        description="d",
        url="nats://a:1,nats://b:2",
        user="u",
        password="p",
        ca="~/ca.pem",
        cert="file:///c.pem",
        key="/k.pem",
        jetstream_domain="hub",
        inbox_prefix="_IN.ops",
        tls_first=True,
        color_scheme="blue",
        jetstream_event_prefix="$E",
    )
    made = resolved(environment, nats_context="a")
    assert made.servers == ("nats://a:1", "nats://b:2")
    assert made.auth_arguments == {"user": "u", "password": "p"}
    assert made.tls["tls_cert_file"] == "/c.pem" and not made.tls["tls_ca_file"].startswith("~")
    assert made.tls_first and made.tls_demanded
    assert (made.api_prefix, made.inbox_prefix) == ("$JS.hub.API.", "_IN.ops")


def test_places_of_secrets(save, environment, tmp_path):
    embedded = "data:;base64," + base64.b64encode(CREDS.encode()).decode()
    save("embedded", creds=embedded)
    assert contexts.load("embedded", "nats_context", environment)["creds"] == CREDS
    save("file", creds="file:///x.creds", nkey="/x.nk")
    assert contexts.load("file", "o", environment) == {"creds_file": "/x.creds", "nkey_file": "/x.nk"}
    save("variable", creds="env://HERE")
    assert contexts.load("variable", "o", environment | {"HERE": CREDS}) == {"creds": CREDS}
    (tmp_path / "seed").write_text("seed-word\n")
    save("apart", user_jwt="env://JWT", user_seed=str(tmp_path / "seed"))
    creds = contexts.load("apart", "o", environment | {"JWT": "jwt-word"})["creds"]
    assert [line for line in creds.splitlines() if "word" in line] == ["jwt-word", "seed-word"]
    save("literal", user_jwt="jwt-word", user_seed="seed-word")
    assert contexts.load("literal", "o", environment)["creds"] == creds
    save("passwords", user="u", password="file://$DIR/seed")
    assert contexts.load("passwords", "o", environment | {"DIR": str(tmp_path)})["password"] == "seed-word"
    save("expanded", creds="${DIR}/x", ca="$DIR/y", token="$DIR: as it is")
    found = contexts.load("expanded", "o", environment | {"DIR": "/d"})
    assert found == {"creds_file": "/d/x", "tls_ca_file": "/d/y", "token": "$DIR: as it is"}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"nsc": "nsc://o/a/u"}, "has 'nsc', which this collection cannot honour"),
        ({"socks_proxy": "socks5://h"}, "'socks_proxy'"),
        ({"creds": "op://vault/x"}, "'creds', is given as 'op'"),
        ({"creds": "env://UNSET"}, "the variable UNSET, which is not set"),
        ({"creds": "data:;base64,*"}, "embedded data that cannot be read"),
        ({"cert": "data:;base64,AAAA"}, "'cert', is not given as a path"),
        ({"ca": "env://HOME"}, "the variable HOME, which is not set"),
        ({"token": "op://vault/x"}, "'token', is given as 'op'"),
        ({"user_jwt": "eyJ0"}, "has no 'user_seed'"),
    ],
)
def test_what_cannot_be_honoured_is_said(save, environment, fields, words):
    save("a", password="hidden-word", **fields)
    with pytest.raises(BadInput) as refused:
        contexts.load("a", "nats_context", environment)
    assert words in str(refused.value) and "hidden-word" not in str(refused.value)


def test_missing_and_broken(save, environment, tmp_path):
    with pytest.raises(BadInput, match="Make it with 'nats context save'"):
        contexts.load("none", "nats_context", environment)
    save("a")
    save("b")
    with pytest.raises(BadInput, match="There are a, b"):
        contexts.load("none", "NATS_CONTEXT", environment)
    (tmp_path / "x.json").write_text('{"password": "hidden-word"')
    with pytest.raises(BadInput, match="is not JSON") as refused:
        contexts.load(str(tmp_path / "x.json"), "nats_context", environment)
    assert "hidden-word" not in str(refused.value)
    (tmp_path / "x.json").write_text("[]")
    with pytest.raises(BadInput, match="is no context"):
        contexts.load(str(tmp_path / "x.json"), "nats_context", environment)


def test_what_counts_before_what(save, environment):
    save("a", url="nats://context", user="c", password="c", jetstream_domain="c")
    variables = environment | {"NATS_URL": "nats://variable", "NATS_USER": "v", "NATS_PASSWORD": "v"}
    by_option = resolved(variables, nats_context="a")
    assert by_option.servers == ("nats://context:4222",) and by_option.auth_arguments["user"] == "c"
    assert resolved(variables, nats_context="a", servers=["o"]).servers == ("nats://o:4222",)
    assert resolved(variables, nats_context="a", token="t").auth_arguments == {"token": "t"}
    by_variable = resolved(variables | {"NATS_CONTEXT": "a"})
    assert by_variable.servers == ("nats://variable:4222",) and by_variable.auth_arguments["user"] == "v"
    assert by_variable.api_prefix == "$JS.c.API.", "what no other variable says"
    assert resolved(variables | {"NATS_CONTEXT": "a"}, domain="d").api_prefix == "$JS.d.API."
    save("tls", ca="/ca.pem", tls_first=True)
    named = resolved(environment, nats_context="tls", tls_hostname="h")
    assert named.tls["tls_ca_file"] == "/ca.pem" and named.tls["tls_hostname"] == "h" and named.tls_demanded
    assert not resolved(environment, nats_context="tls", tls_first=False).tls_first
    kubernetes = {"release": "gsas", "port": 4222}
    through = resolved(environment, nats_context="a", kubernetes=kubernetes)
    assert through.servers == () and through.auth_arguments["user"] == "c"


def test_secrets_of_a_context_are_masked(save, environment):
    save("a", url="nats://u:url-word@h", token="token-word", creds="env://HERE")
    found = options.secrets({"nats_context": "a"}, environment | {"HERE": CREDS})
    assert {"url-word", "token-word", "jwt-word", "seed-word"} <= found
    assert options.secrets({"nats_context": "none"}, environment) == set()


def test_secrets_of_a_context_of_no_use_are_masked_too(save, environment):
    save("a", nsc="nsc://o", creds="env://UNSET", password="pass-word", user_seed="seed-word", url="nats://tok@h")
    assert {"pass-word", "seed-word", "tok"} == options.secrets({"nats_context": "a"}, environment)


def test_literal_keys_are_never_shown(save, environment):
    """As a path that does not exist they would be in the message."""
    save("a", user_jwt="jwt-word", user_seed="seed-word")
    resolved(environment, nats_context="a")
    save("b", user_seed="seed-word")
    with pytest.raises(BadInput) as refused:
        resolved(environment, nats_context="b")
    assert "word" not in str(refused.value)


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"domain": "a", "api_prefix": "b"}, "'domain' and 'api_prefix' are both given"),
        ({"domain": "a.b"}, "'domain' 'a.b' is not a JetStream domain"),
        ({"domain": "*"}, "'domain' '\\*' is not a subject"),
        ({"api_prefix": "a..b"}, "'api_prefix' 'a..b' is not a subject"),
        ({"inbox_prefix": "a b"}, "'inbox_prefix' 'a b' is not a subject"),
        ({"inbox_prefix": "a.>"}, "'inbox_prefix' 'a.>' is not a subject"),
    ],
)
def test_bad_prefixes(params, words):
    with pytest.raises(BadInput, match=words):
        resolved({}, **params)


def test_prefixes():
    assert resolved({}).api_prefix == "$JS.API."
    assert resolved({}, api_prefix="JS.ops").api_prefix == "JS.ops."
    assert resolved({}, api_prefix="JS.ops.").api_prefix == "JS.ops."
