# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connecting to real servers: every way in, and every way in which it fails - in seconds, and saying why."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import threading

import pytest
from jwts import Operator
from pki import Pki

from ansible_collections.natsops.nats.plugins.module_utils.connection import options
from ansible_collections.natsops.nats.plugins.module_utils.connection.job import connected
from ansible_collections.natsops.nats.plugins.module_utils.deadline import Deadline
from ansible_collections.natsops.nats.plugins.module_utils.errors import ConnectFailed


@pytest.fixture
def connect(run_module):
    """nats_kv with connection options only."""

    def run(environment=None, **params):
        return run_module("nats_kv", environment=environment, **({"bucket": "test"} | params))

    return run


def refused(outcome, *words, within=5.0):
    assert outcome.failed, outcome
    for word in words:
        assert word in outcome["msg"], outcome["msg"]
    assert outcome.seconds < within, f"took {outcome.seconds:.1f} s"


@pytest.fixture(scope="module")
def with_password(start_server):
    return start_server('jetstream {}\nauthorization { user: ops, password: "s3cret-word" }')


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """A folder with a CA, a server's and a client's certificate, and another CA."""
    return Pki(tmp_path_factory.mktemp("certificates")).folder


@pytest.fixture(scope="module")
def with_tls(start_server, certificates):
    return start_server(
        f'jetstream {{}}\ntls {{ cert_file: "{certificates}/server.pem", key_file: "{certificates}/server.key" }}'
    )


@pytest.fixture(scope="module")
def with_mutual_tls(start_server, certificates):
    return start_server(
        f'jetstream {{}}\ntls {{ cert_file: "{certificates}/server.pem", key_file: "{certificates}/server.key", '
        f'ca_file: "{certificates}/ca.pem", verify: true }}'
    )


@pytest.fixture(scope="module")
def with_operator(start_server):
    operator = Operator()
    return start_server(f"jetstream {{}}\n{operator.server_config()}"), operator


class TestReaching:
    def test_nothing_listens(self, connect):
        refused(connect(servers=["nats://127.0.0.1:1"]), "Nothing listens at 127.0.0.1:1")
        refused(connect(servers=["nats://localhost:1"]), "Nothing listens at localhost:1")

    def test_name_does_not_resolve(self, connect):
        refused(connect(servers=["nats://gsas-nats.invalid:4222"]), "gsas-nats.invalid:4222 does not resolve")

    def test_several_servers_with_failover(self, connect, server):
        assert not connect(servers=["nats://127.0.0.1:1", server.url]).failed
        assert not connect(servers=[f"nats://127.0.0.1:1,{server.url}"]).failed
        refused(connect(servers=["nats://127.0.0.1:1", "nats://127.0.0.1:2"]), "127.0.0.1:1", "127.0.0.1:2")

    def test_first_server_dies_on_the_way(self, start_cluster, run_module):
        cluster = start_cluster()
        urls = [server.url for server in cluster]
        made = run_module("nats_kv", servers=urls, bucket="failover", replicas=3, timeout=60)
        leader = int(made["bucket"]["cluster"]["leader"][1:])
        first = cluster[(leader + 1) % 3]
        urls.sort(key=lambda url: url != first.url)
        entries = {f"k.{number}": f"{number:0200}" for number in range(20_000)}
        timer = threading.Timer(1.0, first.stop, (signal.SIGKILL,))
        timer.start()
        done = run_module("nats_kv", servers=urls, bucket="failover", entries=entries, timeout=90)
        assert not timer.is_alive(), "the kill came too late to count"
        assert not done.failed, done["msg"]
        assert done["verified"] and done["summary"]["created"] == 20_000

    @pytest.mark.parametrize("greeting", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
    def test_something_else_listens(self, connect, greeting):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            listener.settimeout(10)

            def serve():
                held = []
                try:
                    while True:
                        held.append(listener.accept()[0])
                        held[-1].sendall(greeting)
                except OSError:
                    pass

            thread = threading.Thread(target=serve, daemon=True)
            thread.start()
            outcome = connect(servers=[f"127.0.0.1:{listener.getsockname()[1]}"], timeout=3)
            refused(outcome, "does not speak NATS" if greeting else "did not answer in time")

    def test_jetstream_off(self, connect, start_server):
        server = start_server("")
        refused(connect(servers=[server.url]), "JetStream is off", "config.jetstream.enabled: true")

    def test_jetstream_off_for_the_account(self, connect, start_server):
        server = start_server(
            "jetstream {}\naccounts { A: { users: [{ user: user-a, password: password-a }] }, B: { jetstream: on } }\n"
        )
        refused(
            connect(servers=[server.url], user="user-a", password="password-a"),
            "JetStream is not enabled for this account",
        )

    def test_server_that_stops_answering(self, connect, start_server):
        server = start_server()
        server.process.send_signal(signal.SIGSTOP)
        try:
            refused(connect(servers=[server.url], timeout=2), "did not answer in time", within=8)
        finally:
            server.process.send_signal(signal.SIGCONT)


class TestUserAndPassword:
    def test_right(self, connect, with_password):
        assert not connect(servers=[with_password.url], user="ops", password="s3cret-word").failed

    def test_wrong(self, connect, with_password):
        outcome = connect(servers=[with_password.url], user="ops", password="wr0ng-word")
        refused(outcome, "refused the user and password")
        assert "wr0ng-word" not in outcome.output

    def test_none(self, connect, with_password):
        refused(connect(servers=[with_password.url]), "asks for authentication", "none was given")

    def test_in_the_url_and_never_shown(self, connect, with_password):
        url = with_password.url.replace("nats://", "nats://ops:s3cret-word@")
        outcome = connect(servers=[url])
        assert not outcome.failed
        assert "s3cret-word" not in outcome.output
        outcome = connect(servers=[url.replace("4", "x", 1) + "/path?"])
        assert outcome.failed and "s3cret-word" not in outcome.output

    def test_by_the_environment(self, connect, with_password):
        environment = {"NATS_URL": with_password.url, "NATS_USER": "ops", "NATS_PASSWORD": "s3cret-word"}
        outcome = connect(environment)
        assert not outcome.failed and "s3cret-word" not in outcome.output

    def test_environment_counts_only_where_nothing_is_given(self, connect, with_password, server):
        wrong = {"NATS_URL": "nats://127.0.0.1:1", "NATS_USER": "no", "NATS_PASSWORD": "no"}
        assert not connect(wrong, servers=[with_password.url], user="ops", password="s3cret-word").failed
        environment = {"NATS_TOKEN": "t", "NATS_CREDS": "/nonexistent"}
        assert not connect(environment, servers=[with_password.url], user="ops", password="s3cret-word").failed


class TestTokenAndKeys:
    def test_token(self, connect, start_server):
        server = start_server('jetstream {}\nauthorization { token: "t0ken-word" }')
        assert not connect(servers=[server.url], token="t0ken-word").failed
        assert not connect({"NATS_TOKEN": "t0ken-word"}, servers=[server.url]).failed
        assert not connect({"NATS_USER": "t0ken-word"}, servers=[server.url]).failed
        refused(connect(servers=[server.url], token="no"), "refused the token")

    def test_nkey(self, connect, start_server, tmp_path):
        import nkeys

        raw = bytes(range(32))
        seed = nkeys.encode_seed(raw, nkeys.PREFIX_BYTE_USER).decode()
        public = nkeys.from_seed(bytearray(seed.encode())).public_key.decode()
        server = start_server(f"jetstream {{}}\nauthorization {{ users: [{{ nkey: {public} }}] }}")
        outcome = connect(servers=[server.url], nkey_seed=seed)
        assert not outcome.failed and seed not in outcome.output
        (tmp_path / "nkey").write_text(seed + "\n")
        assert not connect(servers=[server.url], nkey_file=str(tmp_path / "nkey")).failed
        assert not connect({"NATS_NKEY": str(tmp_path / "nkey")}, servers=[server.url]).failed
        other = nkeys.encode_seed(bytes(32), nkeys.PREFIX_BYTE_USER).decode()
        refused(connect(servers=[server.url], nkey_seed=other), "refused the NKey")
        account = nkeys.encode_seed(raw, nkeys.PREFIX_BYTE_ACCOUNT).decode()
        refused(connect(servers=[server.url], nkey_seed=account), "not a user's")

    def test_permission_denied(self, connect, start_server):
        server = start_server(
            "jetstream {}\nauthorization { users: [{ user: limited, password: pass-word, "
            'permissions: { publish: "$JS.API.INFO", subscribe: "_INBOX.>" } }] }'
        )
        refused(
            connect(servers=[server.url], user="limited", password="pass-word"), "denies", "$JS.API.STREAM.INFO.KV_test"
        )


class TestCredentials:
    """Users of an operator, as `nsc` makes them: JWTs that the server checks against its operator's."""

    def test_file_and_content(self, connect, with_operator, tmp_path):
        server, operator = with_operator
        text = operator.credentials()
        path = tmp_path / "ops.creds"
        path.write_text(text)
        url = [server.url]
        for given in ({"creds_file": str(path)}, {"creds": text}, {"creds": text.replace("\n", "\r\n")}):
            outcome = connect(servers=url, **given)
            assert not outcome.failed, outcome["msg"]
            for line in text.splitlines():
                assert "-" in line or not line or line not in outcome.output, "nothing of it is shown"
        assert not connect({"NATS_CREDS": str(path)}, servers=url).failed
        assert list(tmp_path.iterdir()) == [path], "the content is not written to a file"

    def test_wrong(self, connect, with_operator):
        server, operator = with_operator
        url = [server.url]
        refused(connect(servers=url, creds=Operator().credentials()), "refused the credentials")
        refused(connect(servers=url, creds=operator.credentials(lives=-60)), "refused the credentials")
        refused(connect(servers=url, creds=operator.revoked), "refused the credentials", "revoked")
        refused(connect(servers=url, creds=operator.credentials(other_seed=True)), "refused the credentials")
        refused(connect(servers=url, creds="x"), "'creds' does not hold credentials")
        refused(connect(servers=url, creds="x", creds_file="/x"), "'creds' and 'creds_file' are both given")

    def test_expired_on_the_way(self, with_operator):
        server, operator = with_operator
        params = {name: spec.get("default") for name, spec in options.SPEC.items()}
        given = {"servers": [server.url], "creds": operator.credentials(lives=2)}

        async def body():
            async with connected(options.from_params(params | given, {}), Deadline(20)) as jetstream:
                await jetstream.request("INFO", doing="asking")
                await asyncio.sleep(3.5)
                with pytest.raises(ConnectFailed, match="have expired on the way"):
                    await jetstream.request("INFO", doing="asking")

        asyncio.run(asyncio.wait_for(body(), 20))


class TestContexts:
    @pytest.fixture
    def save(self, tmp_path):
        """Contexts, saved by the CLI itself."""
        binary = shutil.which("nats") or pytest.skip("the nats CLI is not in PATH: no contexts are tried")
        environment = {"XDG_CONFIG_HOME": str(tmp_path), "PATH": os.environ["PATH"]}

        def save(name, *words):
            command = [binary, "--no-context", "context", "save", name, *words]
            subprocess.run(command, check=True, capture_output=True, env=environment)
            return {"XDG_CONFIG_HOME": str(tmp_path)}

        return save

    def test_user_and_server(self, connect, with_password, save):
        environment = save("ops", "--server", with_password.url, "--user", "ops", "--password", "s3cret-word")
        outcome = connect(environment, nats_context="ops")
        assert not outcome.failed and "s3cret-word" not in outcome.output
        assert not connect(environment | {"NATS_CONTEXT": "ops"}).failed
        path = f"{environment['XDG_CONFIG_HOME']}/nats/context/ops.json"
        assert not connect(nats_context=path).failed
        missing = connect(environment, nats_context="opps")
        refused(missing, "'nats_context' 'opps' is not a context", "There are ops.")

    def test_tls_and_credentials(self, connect, start_server, certificates, save, tmp_path):
        operator = Operator()
        server = start_server(
            f"jetstream {{}}\n{operator.server_config()}\n"
            f'tls {{ cert_file: "{certificates}/server.pem", key_file: "{certificates}/server.key", '
            f'ca_file: "{certificates}/ca.pem", verify: true }}'
        )
        (tmp_path / "a.creds").write_text(operator.credentials())
        files = ("--tlsca", f"{certificates}/ca.pem", "--tlscert", f"{certificates}/client.pem")
        words = (*files, "--tlskey", f"{certificates}/client.key", "--server", server.url)
        environment = save("file", *words, "--creds", str(tmp_path / "a.creds"))
        assert not connect(environment, nats_context="file").failed
        environment = save("embedded", *words, "--creds", str(tmp_path / "a.creds"), "--embed")
        assert not connect(environment, nats_context="embedded").failed
        overridden = connect(environment, nats_context="file", creds=operator.credentials())
        assert not overridden.failed, overridden["msg"]

    def test_jwt_and_seed_apart(self, connect, with_operator, save, tmp_path):
        server, operator = with_operator
        lines = operator.credentials().splitlines()
        jwt = lines[1]
        seed = next(line for line in lines if line.startswith("SU"))
        (tmp_path / "jwt").write_text(jwt + "\n")
        (tmp_path / "seed").write_text(seed + "\n")
        parts = ("--server", server.url, "--jwt", str(tmp_path / "jwt"), "--seed", str(tmp_path / "seed"))
        environment = save("paths", *parts)
        save("embedded", *parts, "--embed")
        folder = tmp_path / "nats" / "context"
        context = json.loads((folder / "paths.json").read_text())
        (folder / "literal.json").write_text(json.dumps(context | {"user_jwt": jwt, "user_seed": seed}))
        for name in ("paths", "embedded", "literal"):
            outcome = connect(environment, nats_context=name)
            assert not outcome.failed, outcome["msg"]
        (folder / "half.json").write_text(json.dumps(context | {"user_jwt": "", "user_seed": seed}))
        half = connect(environment, nats_context="half")
        refused(half, "has no 'user_jwt'")
        assert seed not in half.output

    def test_domain_tls_first_and_inbox(self, connect, start_server, certificates, save):
        server = start_server(
            "jetstream { domain: far, store_dir: js }\n"
            f'tls {{ cert_file: "{certificates}/server.pem", key_file: "{certificates}/server.key", '
            "handshake_first: true }\n"
            'authorization { users: [{ user: ops, password: pass-word, permissions: { subscribe: "_IN.ops.>", '
            # The server's own domain is taken off before permissions are looked at.
            'publish: ["$JS.API.>", "$KV.>"] } }] }'
        )
        environment = save(
            "all", "--server", server.url, "--tlsca", f"{certificates}/ca.pem", "--tlsfirst", "--js-domain", "far",
            "--inbox-prefix", "_IN.ops", "--user", "ops", "--password", "pass-word",
        )  # fmt: skip
        outcome = connect(environment, nats_context="all", key="k", value="v")
        assert not outcome.failed and outcome["verified"], outcome["msg"]
        refused(connect(environment, nats_context="all", inbox_prefix="_IN.no"), "denies this user")
        refused(connect(environment, nats_context="all", domain="near"), "denies this user", "$JS.near.API")


class TestPrefixes:
    def test_inbox(self, connect, start_server):
        server = start_server(
            "jetstream {}\nauthorization { users: [{ user: ops, password: pass-word, "
            'permissions: { publish: ">", subscribe: "_IN.ops.>" } }] }'
        )
        user = dict(servers=[server.url], user="ops", password="pass-word", key="k", value="v")
        refused(connect(**user), "denies this user", "_inbox")
        outcome = connect(**user, inbox_prefix="_IN.ops")
        assert not outcome.failed and outcome["verified"], outcome
        many = {"entries": {f"k{number}": "v" for number in range(100)}}
        outcome = connect(servers=[server.url], user="ops", password="pass-word", inbox_prefix="_IN.ops", **many)
        assert not outcome.failed and outcome["verified"], outcome

    def test_key_that_may_not_be_written(self, connect, start_server):
        server = start_server(
            "jetstream {}\nauthorization { users: [{ user: ops, password: pass-word, permissions: { "
            'publish: { allow: [">"], deny: ["$KV.test.app.secret"] }, subscribe: ">" } }] }'
        )
        user = dict(servers=[server.url], user="ops", password="pass-word")
        refused(connect(**user, key="app.secret", value="v"), "denies this user", "$kv.test.app.secret", within=8)
        outcome = connect(**user, entries={"a": "1", "app.secret": "2", "b": "3"})
        refused(outcome, "denies this user", within=8)
        assert [entry["key"] for entry in outcome["entries"]] == ["a", "b"], "what was written is said"

    def test_api_of_another_account(self, connect, start_server, nats_cli):
        """The account of the one exports JetStream and the keys, that of the other imports both under one prefix."""
        server = start_server(
            "jetstream {}\naccounts {\n"
            "A: { jetstream: on, users: [{ user: a, password: pass-word }],\n"
            '  exports: [{ service: "$JS.API.>", response_type: stream }, { service: "$KV.>" }] }\n'
            "B: { users: [{ user: b, password: pass-word }], imports: [\n"
            '  { service: { account: A, subject: "$JS.API.>" }, to: "JS.ops.>" },\n'
            '  { service: { account: A, subject: "$KV.>" }, to: "JS.ops.$KV.>" }] } }'
        )
        url = [server.url]
        there = dict(servers=url, user="b", password="pass-word", api_prefix="JS.ops")
        many = {f"k.{number}": "v" for number in range(200)}
        made = connect(**there, entries=many)
        assert not made.failed and made["verified"], made
        assert not connect(servers=url, user="a", password="pass-word", entries=many)["changed"], "it is A's"
        assert not connect(**there, entries=many)["changed"]
        cli = ("--user", "b", "--password", "pass-word", "--js-api-prefix", "JS.ops", "kv")
        assert nats_cli(server, *cli, "get", "test", "k.0", "--raw") == "v"
        nats_cli(server, *cli, "put", "test", "theirs", "x")
        assert not connect(**there, key="theirs", value="x")["changed"]
        assert connect(**there, key="k.0", state="absent")["verified"]
        assert connect(**there, state="absent", allow_data_loss=True)["verified"]
        without = {name: value for name, value in there.items() if name != "api_prefix"}
        refused(connect(**without), "JetStream is not enabled for this account", within=8)

    def test_domain_that_nobody_serves(self, connect, server):
        refused(connect(servers=[server.url], domain="nowhere"), "reaches no JetStream domain 'nowhere'", "'domain'")
        refused(connect(servers=[server.url], api_prefix="JS.no"), "under JS.no.>", "imports nothing", "'api_prefix'")


class TestTls:
    def test_first(self, connect, start_server, certificates):
        files = f'cert_file: "{certificates}/server.pem", key_file: "{certificates}/server.key"'
        server = start_server(f"jetstream {{}}\ntls {{ {files}, handshake_first: true }}")
        ca = f"{certificates}/ca.pem"
        assert not connect(servers=[server.url], tls_ca_file=ca, tls_first=True).failed
        for without in ({"tls_ca_file": ca}, {}, {"tls_ca_file": ca, "timeout": 2}):
            refused(connect(servers=[server.url], **without), "wants TLS from the first byte on", "'tls_first: true'")
        other = connect(servers=[server.url], tls_first=True)
        refused(other, "is not accepted", "tls_ca_file")

    def test_first_where_the_server_speaks_first(self, connect, with_tls, certificates):
        outcome = connect(servers=[with_tls.url], tls_ca_file=f"{certificates}/ca.pem", tls_first=True)
        refused(outcome, "handshake_first")

    def test_first_against_a_server_without_tls(self, connect):
        """Whoever answers in plain text is told nothing."""
        heard = []
        with socket.create_server(("127.0.0.1", 0)) as listener:

            def serve():
                with contextlib.suppress(OSError):
                    while True:
                        peer = listener.accept()[0]
                        peer.sendall(b'INFO {"server_id":"x","version":"2.12.0","headers":true,"max_payload":1024}\r\n')
                        heard.append(peer.recv(4096))
                        peer.close()

            threading.Thread(target=serve, daemon=True).start()
            url = f"nats://127.0.0.1:{listener.getsockname()[1]}"
            refused(connect(servers=[url], tls_first=True, user="ops", password="wr0ng-word"), "127.0.0.1")
        assert heard and b"CONNECT" not in b"".join(heard)

    def test_right(self, connect, with_tls, certificates):
        assert not connect(servers=[with_tls.url], tls_ca_file=f"{certificates}/ca.pem").failed
        assert not connect({"NATS_CA": f"{certificates}/ca.pem"}, servers=[with_tls.url]).failed

    def test_unknown_ca(self, connect, with_tls, certificates):
        refused(connect(servers=[with_tls.url]), "certificate of 127.0.0.1", "tls_ca_file")
        refused(connect(servers=[with_tls.url], tls_ca_file=f"{certificates}/other.pem"), "is not accepted")

    def test_host_name(self, connect, with_tls, certificates):
        ca = f"{certificates}/ca.pem"
        url = with_tls.url.replace("127.0.0.1", "localhost")
        refused(connect(servers=[url], tls_ca_file=ca), "not valid for 'localhost'", "tls_hostname")
        assert not connect(servers=[url], tls_ca_file=ca, tls_hostname="nats.test").failed

    def test_plain_server_gets_nothing(self, connect, with_password, certificates):
        log = with_password.folder / "log"
        before = log.read_text().count("authentication error")
        plain = dict(user="ops", password="wr0ng-word")
        refused(connect(servers=[with_password.url.replace("nats:", "tls:")], **plain), "offers no TLS")
        refused(connect(servers=[with_password.url], tls_ca_file=f"{certificates}/ca.pem", **plain), "offers no TLS")
        assert log.read_text().count("authentication error") == before, "no CONNECT reached the server"

    def test_client_certificate(self, connect, with_mutual_tls, certificates):
        ca = f"{certificates}/ca.pem"
        pair = {"tls_cert_file": f"{certificates}/client.pem", "tls_key_file": f"{certificates}/client.key"}
        assert not connect(servers=[with_mutual_tls.url], tls_ca_file=ca, **pair).failed
        refused(connect(servers=[with_mutual_tls.url], tls_ca_file=ca), "client certificate")
        swapped = {"tls_cert_file": f"{certificates}/client.pem", "tls_key_file": f"{certificates}/server.key"}
        refused(connect(servers=[with_mutual_tls.url], tls_ca_file=ca, **swapped), "not a certificate and its")


def test_missing_packages_are_named(run_module, server, tmp_path):
    """A Python without nats-py gets a sentence, not a traceback."""
    (tmp_path / "nats").mkdir()
    (tmp_path / "nats" / "__init__.py").write_text("raise ImportError('hidden')")
    outcome = run_module(
        "nats_kv", bucket="test", servers=[server.url], environment={"PYTHONPATH": f"{tmp_path}:{_python_path()}"}
    )
    assert outcome.failed and "'nats-py' is not installed" in outcome["msg"]


def _python_path():
    import os

    return os.environ.get("PYTHONPATH", "")
