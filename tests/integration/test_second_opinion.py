# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""On every kind of server, and by every way in: the nats CLI reads what we wrote, and we read what the CLI wrote, the
settings of buckets included."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import Any

import nkeys
import pytest
from jwts import Operator
from pki import Pki


@dataclass
class Way:
    """A server, and how to get into it: by our options, and by the CLI's."""

    server: Any
    options: dict[str, Any] = field(default_factory=dict)
    words: tuple[str, ...] = ()
    replicas: int = 1


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    return Pki(tmp_path_factory.mktemp("pki"))


@pytest.fixture
def single(start_server):
    return Way(start_server())


@pytest.fixture
def three_nodes(start_cluster):
    cluster = start_cluster()
    return Way(cluster[0], {"servers": [server.url for server in cluster]}, replicas=3)


@pytest.fixture
def user(start_server):
    server = start_server('jetstream {}\nauthorization { user: ops, password: "pass-word" }')
    return Way(server, {"user": "ops", "password": "pass-word"}, ("--user", "ops", "--password", "pass-word"))


@pytest.fixture
def token(start_server):
    server = start_server('jetstream {}\nauthorization { token: "t0ken-word" }')
    return Way(server, {"token": "t0ken-word"}, ("--token", "t0ken-word"))


@pytest.fixture
def nkey(start_server, tmp_path):
    seed = nkeys.encode_seed(bytes(range(32)), nkeys.PREFIX_BYTE_USER).decode()
    public = nkeys.from_seed(bytearray(seed.encode())).public_key.decode()
    server = start_server(f"jetstream {{}}\nauthorization {{ users: [{{ nkey: {public} }}] }}")
    (tmp_path / "seed").write_text(seed)
    return Way(server, {"nkey_seed": seed}, ("--nkey", str(tmp_path / "seed")))


@pytest.fixture
def credentials(start_server, tmp_path):
    operator = Operator()
    text = operator.credentials()
    (tmp_path / "ops.creds").write_text(text)
    server = start_server(f"jetstream {{}}\n{operator.server_config()}")
    return Way(server, {"creds": text}, ("--creds", str(tmp_path / "ops.creds")))


@pytest.fixture
def tls(start_server, pki):
    server = start_server(f"jetstream {{}}\n{pki.server_config()}")
    ca = f"{pki.folder}/ca.pem"
    return Way(server, {"tls_ca_file": ca}, ("--tlsca", ca))


@pytest.fixture
def tls_first(start_server, pki):
    server = start_server(f"jetstream {{}}\n{pki.server_config('handshake_first: true')}")
    ca = f"{pki.folder}/ca.pem"
    return Way(server, {"tls_ca_file": ca, "tls_first": True}, ("--tlsca", ca, "--tlsfirst"))


@pytest.fixture
def mutual_tls(start_server, pki):
    server = start_server(f"jetstream {{}}\n{pki.server_config(*pki.mutual)}")
    files = {
        name: f"{pki.folder}/{file}" for name, file in (("ca", "ca.pem"), ("cert", "client.pem"), ("key", "client.key"))
    }
    return Way(
        server,
        {f"tls_{name}_file": file for name, file in files.items()},
        tuple(word for name, file in files.items() for word in (f"--tls{name}", file)),
    )


@pytest.fixture
def domain(hub_and_leaf):
    return Way(hub_and_leaf[1], {"domain": "hub"}, ("--js-domain", "hub"))


WAYS = ("single", "three_nodes", "user", "token", "nkey", "credentials", "tls", "tls_first", "mutual_tls", "domain")


@pytest.mark.parametrize("name", WAYS)
def test_both_ways(name, request, run_module, nats_cli):
    way = request.getfixturevalue(name)

    def kv(**params):
        common = {"servers": [way.server.url], "bucket": "ours", "timeout": 40}
        outcome = run_module("nats_kv", **(common | way.options | params))
        assert not outcome.failed, outcome["msg"]
        return outcome

    def cli(*words):
        return nats_cli(way.server, *way.words, *words)

    def config(bucket):
        made = json.loads(cli("stream", "info", "--json", f"KV_{bucket}"))["config"]
        for own in ("name", "subjects", "metadata"):
            made.pop(own, None)
        return made

    settings = {
        "description": "d", "history": 5, "ttl": "36h", "max_bytes": "1MiB", "max_value_size": "64KiB",
        "storage": "file", "compression": "s2", "limit_marker_ttl": "1h", "replicas": way.replicas,
    }  # fmt: skip
    ours = kv(**settings, entries={"foo": "bar", "a.b": "1"})
    assert ours["verified"] and len(ours["bucket"]["cluster"]["replicas"]) == way.replicas - 1
    assert cli("kv", "get", "ours", "foo", "--raw") == "bar"
    assert sorted(cli("kv", "ls", "ours").split()) == ["a.b", "foo"]

    cli(
        "kv", "add", "theirs", "--description", "d", "--history", "5", "--ttl", "36h", "--marker-ttl", "1h",
        "--max-bucket-size", "1MiB", "--max-value-size", "64KiB", "--storage", "file", "--compress",
        "--replicas", str(way.replicas),
    )  # fmt: skip
    cli("kv", "put", "theirs", "foo", "bar")
    assert config("ours") == config("theirs"), "both make the same bucket"
    taken_over = kv(bucket="theirs", **settings, key="foo", value="bar")
    assert not taken_over["changed"] and taken_over["verified"]
    cli("kv", "put", "ours", "foo", "theirs")
    assert kv(key="foo", value="theirs")["changed"] is False
    cli("kv", "del", "ours", "foo", "--force")
    assert kv(key="foo", state="absent")["entry"]["operation"] == "DEL"
    kv(key="a.b", state="absent", purge=True)
    deadline = time.monotonic() + 5
    while "No keys" not in cli("kv", "ls", "ours") and time.monotonic() < deadline:
        time.sleep(0.1)  # the CLI may ask a replica
    assert "No keys" in cli("kv", "ls", "ours")
