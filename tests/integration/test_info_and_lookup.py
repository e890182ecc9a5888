# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading: the module nats_kv_info, and the lookup nats_kv in real playbooks."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import nats
import pytest

_names = itertools.count()
INTERPRETER = {"ansible_python_interpreter": sys.executable}


@pytest.fixture
def bucket() -> str:
    return f"read-{next(_names)}"


@pytest.fixture
def info(run_module, server):
    """nats_kv_info against the shared server."""

    def run(**params):
        outcome = run_module("nats_kv_info", **({"servers": [server.url]} | params))
        assert not outcome.failed, outcome["msg"]
        assert not outcome["changed"]
        return outcome["buckets"]

    return run


class TestInfo:
    def test_lists_and_describes(self, ok, info, bucket):
        made = ok(bucket=bucket, history=2)["bucket"]
        assert bucket in [found["name"] for found in info()]
        assert info(bucket=bucket) == [made], "module and info return one shape"
        assert info(bucket=bucket, check=True) == [made]
        assert info(bucket="none") == []

    def test_pages_of_buckets(self, start_server, run_module):
        # A server lists 256 streams a page.
        server = start_server()

        async def make() -> None:
            client = await nats.connect(server.url)
            js = client.jetstream()
            for number in range(300):
                await js.add_stream(name=f"KV_b{number:03}", subjects=[f"$KV.b{number:03}.>"], storage="memory")
            await js.add_stream(name="other", subjects=["other"])
            await client.close()

        asyncio.run(make())
        found = run_module("nats_kv_info", servers=[server.url])["buckets"]
        assert [bucket["name"] for bucket in found] == [f"b{number:03}" for number in range(300)]

    def test_keys_values_and_history(self, ok, info, bucket, server, nats_cli):
        for value in ("one", "two"):
            ok(bucket=bucket, history=5, key="app.a", value=value)
        ok(bucket=bucket, entries=[{"key": "app.b", "value_base64": "/w=="}, {"key": "other", "value": ""}])
        nats_cli(server, "kv", "del", bucket, "other", "--force")
        keys = info(bucket=bucket, entries="keys")[0]["entries"]
        assert [(e["key"], e["size"], e["revision"], e["value"]) for e in keys] == [
            ("app.a", 3, 2, None),
            ("app.b", 1, 3, None),
        ]
        values = info(bucket=bucket, entries="values", filter="app.*")[0]["entries"]
        assert [e.get("value_base64") or e["value"] for e in values] == ["two", "/w=="]
        with_deleted = info(bucket=bucket, entries="values", deleted=True)[0]["entries"]
        assert with_deleted[-1]["key"] == "other" and with_deleted[-1]["operation"] == "DEL"
        history = info(bucket=bucket, entries="history")[0]["entries"]
        assert [(e["revision"], e["key"], e["operation"], e["value"]) for e in history] == [
            (1, "app.a", "PUT", "one"),
            (2, "app.a", "PUT", "two"),
            (3, "app.b", "PUT", None),
            (4, "other", "PUT", ""),
            (5, "other", "DEL", None),
        ]
        assert all(e["created"].endswith("Z") for e in history)
        assert ok(bucket=bucket, key="app.a", value="two")["entry"]["created"] == history[1]["created"], (
            "one form of time"
        )

    def test_expired_keys(self, ok, info, bucket):
        ok(bucket=bucket, limit_marker_ttl="1h", key="k", value="v", key_ttl="1s")
        time.sleep(1.5)
        assert info(bucket=bucket, entries="keys")[0]["entries"] == []
        (gone,) = info(bucket=bucket, entries="keys", deleted=True)[0]["entries"]
        assert (gone["operation"], gone["marker"]) == ("PURGE", "MaxAge")

    def test_more_than_a_batch(self, ok, info, bucket):
        """20,000 entries, whose reading takes several batches and a page of subjects would not hold."""
        ok(bucket=bucket, entries={f"k.{number}": "v" for number in range(20_000)}, timeout=60)
        assert len(info(bucket=bucket, entries="values", timeout=60)[0]["entries"]) == 20_000

    @pytest.mark.parametrize(
        ("params", "words"),
        [
            ({"filter": "a.>"}, "'filter' is given, and 'entries' is 'none'"),
            ({"deleted": True}, "'deleted' is given"),
            ({"entries": "keys", "filter": "a..b"}, "'filter' 'a..b' is not a filter"),
            ({"bucket": "a.b"}, "not a valid bucket name"),
        ],
    )
    def test_bad_input(self, run_module, params, words):
        refused = run_module("nats_kv_info", servers=["nats://127.0.0.1:1"], **params)
        assert refused.failed and refused["step"] == "input" and words in refused["msg"]


@pytest.fixture
def template(server, tmp_path):
    """Renders an expression in a real playbook run: its value, or the words of the failure."""

    def render(expression, **variables):
        play = [
            {
                "hosts": "localhost",
                "gather_facts": False,
                "vars": INTERPRETER | {"natsops_nats_servers": [server.url]} | variables,
                "tasks": [
                    {
                        "ansible.builtin.copy": {
                            "content": f"{{{{ {expression} | to_json }}}}",
                            "dest": str(tmp_path / "rendered"),
                            "mode": "0600",
                        }
                    }
                ],
            }
        ]
        (tmp_path / "play.json").write_text(json.dumps(play))
        (tmp_path / "rendered").unlink(missing_ok=True)
        environment = {name: value for name, value in os.environ.items() if not name.startswith("NATS_")}
        done = subprocess.run(
            [str(Path(sys.executable).with_name("ansible-playbook")), "-i", "localhost,", "-c", "local", "play.json"],
            cwd=tmp_path,
            capture_output=True,
            check=False,
            text=True,
            timeout=60,
            env=environment | {"ANSIBLE_NOCOLOR": "1"},
        )
        if done.returncode:
            return done.stdout + done.stderr
        return json.loads((tmp_path / "rendered").read_text())

    return render


class TestLookup:
    def test_values_defaults_and_whole_buckets(self, ok, bucket, template):
        ok(bucket=bucket, entries={"app.a": "one", "app.b": {"x": [1]}, "other": "{{ 1 + 1 }}", "gone": "x"})
        ok(bucket=bucket, key="gone", state="absent")
        name = "'natsops.nats.nats_kv'"
        got = template(
            f"[lookup({name}, 'app.a', bucket=b),"
            f" query({name}, 'other', 'app.a', 'none', 'gone', bucket=b, default='d'),"
            f" lookup({name}, 'app.b', bucket=b, form='json').x[0], lookup({name}, 'app.*', bucket=b),"
            f" lookup({name}, bucket=b) | list, lookup({name}, 'app.a', bucket=b, form='base64')]",
            b=bucket,
        )
        assert got == [
            "one",
            ["{{ 1 + 1 }}", "one", "d", "d"],
            1,
            {"app.a": "one", "app.b": '{"x":[1]}'},
            ["app.a", "app.b", "other"],
            "b25l",
        ], "and no value is evaluated"

    def test_failures_say_why(self, ok, bucket, template):
        ok(bucket=bucket, entries=[{"key": "bytes", "value_base64": "/w=="}, {"key": "text", "value": "v"}])
        name = "'natsops.nats.nats_kv'"
        assert f"Key 'none' of bucket '{bucket}' has no value" in template(
            f"lookup({name}, 'none', bucket=b)", b=bucket
        )
        assert "is no text in UTF-8" in template(f"lookup({name}, 'bytes', bucket=b)", b=bucket)
        assert "is not JSON" in template(f"lookup({name}, 'text', bucket=b, form='json')", b=bucket)
        assert "'bucket' 'nowhere' does not exist" in template(f"lookup({name}, 'x', bucket='nowhere')")
        closed = template(f"lookup({name}, 'x', bucket='b', servers=['nats://127.0.0.1:1'])")
        assert "Nothing listens at 127.0.0.1:1" in closed


def test_module_defaults_by_the_action_group(server, tmp_path):
    play = [
        {
            "hosts": "localhost",
            "gather_facts": False,
            "vars": INTERPRETER,
            "module_defaults": {"group/natsops.nats.nats": {"servers": [server.url], "timeout": 9}},
            "tasks": [
                {"natsops.nats.nats_kv": {"bucket": "defaults", "key": "k", "value": "v"}},
                {"natsops.nats.nats_kv_info": {"bucket": "defaults", "entries": "values"}, "register": "found"},
                {"ansible.builtin.assert": {"that": "found.buckets[0].entries[0].value == 'v'"}},
            ],
        }
    ]
    (tmp_path / "play.json").write_text(json.dumps(play))
    done = subprocess.run(
        [str(Path(sys.executable).with_name("ansible-playbook")), "-i", "localhost,", "-c", "local", "play.json"],
        cwd=tmp_path,
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
