# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Any settings of a bucket that a user may give and a single server takes, as options of nats_kv."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from ansible_collections.natsops.nats.plugins.module_utils.units import SECOND, format_duration, format_size

WORDS = st.text("abcXYZ019-_", min_size=1, max_size=8)
# Bytes of an entry do not matter here: a server would not store one that is half of a surrogate pair.
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
SWITCH = st.booleans()


def durations(unit: int, least: int) -> st.SearchStrategy[str]:
    """Durations in whole units, as texts of several kinds."""
    whole = st.integers(least, 10 * 365 * 24 * 3600)
    return st.one_of(
        st.just("unlimited"),
        whole.map(lambda count: format_duration(count * unit)),
        st.integers(1, 99).map(lambda hours: f"{hours}h30m"),
        st.integers(1, 10**6).map(str),
    )


def sizes(most: int) -> st.SearchStrategy[str]:
    """Sizes up to so many bytes, as texts of several kinds."""
    return st.one_of(
        st.just("unlimited"),
        st.integers(1, most).map(format_size),
        st.integers(1, most).map(str),
        st.integers(1, most // 2**10).map(lambda count: f"{count} KiB"),
    )


def times() -> st.SearchStrategy[str]:
    """Moments in several time zones."""
    zones = st.sampled_from(["Z", "+00:00", "+02:00", "-05:30"])
    moments = st.datetimes().filter(lambda moment: 1970 < moment.year < 2100)
    return st.builds(lambda moment, zone: f"{moment.isoformat()}{zone}", moments, zones)


@st.composite
def origins(draw: Any, *, whole: bool) -> dict[str, Any]:
    """One origin; with `whole` nothing that would leave out a part of it, unless it is in another domain."""
    origin = {"bucket": draw(WORDS.map("origin-{}".format))}
    where = draw(st.sampled_from(["here", "domain", "api_prefix"]))
    if where == "domain":
        origin["domain"] = draw(WORDS)
    elif where == "api_prefix":
        origin |= {"api_prefix": f"import.{draw(WORDS)}", "deliver_prefix": f"deliver.{draw(WORDS)}"}
    if whole and where == "here":
        return origin
    if draw(SWITCH):
        tokens = draw(st.lists(WORDS | st.just("*"), min_size=1, max_size=3))
        origin["filter"] = ".".join([*tokens, ">"] if draw(SWITCH) else tokens)
    start = draw(st.sampled_from(["", "revision", "time"]))
    if start == "revision":
        origin["start_revision"] = draw(st.integers(1, 2**40))
    elif start == "time":
        origin["start_time"] = draw(times())
    return origin


SOURCES = st.lists(origins(whole=False), max_size=3, unique_by=lambda origin: origin["bucket"])
REPUBLISH = st.just({}) | st.fixed_dictionaries(
    {"source": st.sampled_from([">", "$KV.>"]), "destination": WORDS.map("again.{}.>".format)},
    optional={"headers_only": SWITCH},
)
EITHER = {
    "description": TEXT,
    "history": st.integers(1, 64),
    "ttl": durations(SECOND // 10, 1),
    "storage": st.sampled_from(["file", "memory"]),
    "replicas": st.just(1),
    "max_bytes": sizes(64 * 2**20),
    "max_value_size": sizes(2**31 - 1),
    "compression": st.sampled_from(["none", "s2"]),
    "metadata": st.dictionaries(TEXT.filter(lambda name: name and not name.startswith("_nats.")), TEXT, max_size=3),
    "placement": st.just({}),
    "republish": REPUBLISH,
    "allow_msg_ttl": SWITCH,
    "allow_direct": SWITCH,
}
ORDINARY = EITHER | {
    "sources": SOURCES,
    "mirror": st.just({}),
    "limit_marker_ttl": durations(SECOND, 1),
    "allow_atomic": SWITCH,
}


def _agreeing(given: dict[str, Any]) -> dict[str, Any]:
    if given.get("limit_marker_ttl", "unlimited") != "unlimited":
        given.pop("allow_msg_ttl", None)
    return given


ordinary = st.fixed_dictionaries({}, optional=ORDINARY).map(_agreeing)
mirrors = st.fixed_dictionaries({"mirror": origins(whole=True)}, optional=EITHER)
