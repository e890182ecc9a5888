# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import http.client

import pytest

from ansible_collections.natsops.nats.plugins.module_utils.kube import podhttp
from ansible_collections.natsops.nats.plugins.module_utils.kube.podhttp import parsed

WHOLE = [
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n",
]


@pytest.mark.parametrize("whole", WHOLE)
def test_an_answer_is_taken_once_it_is_whole_and_not_before(whole: bytes) -> None:
    begun = [parsed(whole[:size], ended=False) for size in range(len(whole))]
    assert {answer for answer in begun if answer is not None} <= {(200, b"hello")}  # but for an end of chunks: "0"
    assert begun[: whole.index(b"lo")] == [None] * whole.index(b"lo")
    assert parsed(whole, ended=False) == (200, b"hello")


def test_a_body_of_unknown_length_ends_with_the_stream() -> None:
    whole = b"HTTP/1.0 503 No\r\n\r\nhello"
    assert parsed(whole, ended=False) is None
    assert parsed(whole, ended=True) == (503, b"hello")


@pytest.mark.parametrize(
    ("received", "error"),
    [
        (b"", http.client.RemoteDisconnected),
        (b"INFO {}\r\n", http.client.BadStatusLine),
        (WHOLE[0][:-1], http.client.IncompleteRead),
        (WHOLE[1][:-12], http.client.IncompleteRead),
        (b"HTTP/1.1 200 OK\r\nA: " + b"x" * 70000, http.client.LineTooLong),
    ],
)
def test_answers_that_are_none(received: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        parsed(received, ended=True)


def test_a_large_answer_is_refused_before_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(podhttp, "MAX_BODY", 50)
    with pytest.raises(ValueError, match="larger than 50"):
        parsed(WHOLE[0] + b"x" * 50, ended=False)
