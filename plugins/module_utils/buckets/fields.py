# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rows of the table of settings whose rules need more than a line: from an option's value to the canonical one,
from there to the field of a stream's configuration and back, and what a change costs. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..errors import BadInput
from ..names import bucket_name
from ..units import LARGEST, SECOND, format_duration, parse_duration, parse_size
from . import origins

SERVERS_OWN = "_nats."  # names in the metadata that the server itself writes
FOR_EVER = LARGEST
SHORTEST = SECOND // 10  # nats-server takes no max_age below 100 ms
LARGEST_MESSAGE = 2**31 - 1  # nats-server keeps max_msg_size in 32 bits
METADATA_BYTES = 128 * 1024  # nats-server JSMaxMetadataLen, with what it adds itself
_SERVERS_OWN_BYTES = 1024
DESCRIPTION_BYTES = 4096  # nats-server JSMaxDescriptionLen

StreamConfig = Mapping[str, Any]
State = Mapping[str, Any]  # of a stream: messages, bytes and so on


def whole(option: str, most: int) -> Callable[[Any], int]:
    """Parses a whole number from 1."""

    def parse(value: Any) -> int:
        if not 1 <= value <= most:
            raise BadInput(f"'{option}' {value} is out of range.", f"Give a number from 1 to {most}.")
        return int(value)

    return parse


def description(value: str) -> str:
    """Parses `description`."""
    if len(value.encode()) > DESCRIPTION_BYTES:
        raise BadInput(
            f"'description' is longer than the {DESCRIPTION_BYTES} bytes that a server takes.", "Shorten it."
        )
    return value


def ttl(value: str) -> int:
    """Parses `ttl`."""
    nanoseconds = parse_duration(value, "ttl")
    if 0 < nanoseconds < SHORTEST:
        raise BadInput(f"'ttl' {value!r} is too short.", "A server takes 100ms and longer.")
    return nanoseconds


def value_size(value: str) -> int:
    """Parses `max_value_size`."""
    size = parse_size(value, "max_value_size")
    if size > LARGEST_MESSAGE:
        raise BadInput(f"'max_value_size' {value!r} is out of range.", "A server takes less than 2GiB, or 'unlimited'.")
    return size


def read_size(value: int, bucket: str) -> int:
    """A size that was sent as 0 comes back as -1 from some servers and as 0 from others."""
    return value if value > 0 else -1


def metadata(value: Mapping[Any, Any]) -> dict[str, str]:
    """Parses `metadata`."""
    for name, text in value.items():
        if not isinstance(name, str) or not isinstance(text, str):
            raise BadInput(f"'metadata' has {name!r}: {text!r}, which is not text.", "Quote both name and value.")
        if not name or name.startswith(SERVERS_OWN):
            raise BadInput(
                f"'metadata' has the name {name!r}.",
                f"Leave it out: names that begin with '{SERVERS_OWN}' are the server's." if name else "Give it a name.",
            )
    if sum(len(name.encode()) + len(text.encode()) for name, text in value.items()) > (
        METADATA_BYTES - _SERVERS_OWN_BYTES
    ):
        raise BadInput("'metadata' is larger than the 127 KiB that a server leaves room for.", "Shorten it.")
    return dict(value)


def read_metadata(value: Mapping[str, str], bucket: str) -> dict[str, str]:
    """The user's part."""
    return {name: text for name, text in value.items() if not name.startswith(SERVERS_OWN)}


def written_metadata(value: Mapping[str, str], config: StreamConfig) -> dict[str, str]:
    """The user's part, and the server's as it is."""
    own = {name: text for name, text in (config.get("metadata") or {}).items() if name.startswith(SERVERS_OWN)}
    return own | dict(value)


def placement(value: Mapping[str, Any]) -> dict[str, Any]:
    """Parses `placement`. Also from the server's form, which is the same; the order of tags means nothing."""
    return {"cluster": value.get("cluster") or "", "tags": sorted(set(value.get("tags") or []))}


def written_placement(value: Mapping[str, Any], config: StreamConfig) -> dict[str, Any] | None:
    """The field `placement`."""
    return {name: part for name, part in value.items() if part} or None


def republish(value: Mapping[str, Any]) -> dict[str, Any]:
    """Parses `republish`."""
    given = {name: part for name, part in value.items() if part is not None}
    if not given:
        return {}
    for part in ("source", "destination"):
        if not given.get(part):
            raise BadInput(f"'republish' has no '{part}'.", "Set both 'source' and 'destination', or {} for none.")
        if any(c.isspace() for c in given[part]) or "" in given[part].split("."):
            raise BadInput(
                f"'republish.{part}' {given[part]!r} is not a subject.",
                "Write it without blanks, and with something before, between and after the dots.",
            )
    return {
        "source": given["source"],
        "destination": given["destination"],
        "headers_only": bool(given.get("headers_only")),
    }


def read_republish(value: Mapping[str, Any], bucket: str) -> dict[str, Any]:
    """From the field of the same name."""
    if not value:
        return {}
    return {
        "source": value.get("src") or ">",
        "destination": value.get("dest", ""),
        "headers_only": bool(value.get("headers_only")),
    }


def written_republish(value: Mapping[str, Any], config: StreamConfig) -> dict[str, Any] | None:
    """The field `republish`."""
    if not value:
        return None
    return {"src": value["source"], "dest": value["destination"], "headers_only": value["headers_only"]}


def read_sources(value: list[Mapping[str, Any]], bucket: str) -> list[dict[str, Any]]:
    """From the field of the same name."""
    return origins.in_order([origins.read_source(item, bucket) for item in value])


def written_sources(value: list[dict[str, Any]], config: StreamConfig) -> list[Mapping[str, Any]] | None:
    """The field `sources`: those that are there already stay as they are, with what we do not know of them."""
    bucket = bucket_name(config["name"])
    there = [(origins.read_source(item, bucket), item) for item in config.get("sources") or []]
    return [
        next((item for known, item in there if known == origin), None) or origins.written_source(origin, bucket)
        for origin in value
    ] or None


def limit_marker_ttl(value: str) -> int:
    """Parses `limit_marker_ttl`. A server takes parts of a second, and gives its markers whole ones."""
    nanoseconds = parse_duration(value, "limit_marker_ttl")
    if nanoseconds % SECOND:
        raise BadInput(f"'limit_marker_ttl' {value!r} is not a whole number of seconds.", "Write whole seconds.")
    return nanoseconds


def fewer_revisions(have: int, want: int, state: State) -> str:
    """A stream that was not made as a bucket may keep them all: -1."""
    if have < 1:
        return f"the server would drop all but the newest {want} revisions of every key"
    if want < have:
        return f"the server would drop all but the newest {want} of up to {have} revisions of every key"
    return ""


def shorter_life(have: int, want: int, state: State) -> str:
    """Of a `ttl`."""
    if want and (not have or want < have):
        return f"the server would drop every entry older than {format_duration(want)}"
    return ""


def fewer_replicas(have: int, want: int, state: State) -> str:
    """Nothing is lost at once, but with the next server that is."""
    if want < have:
        return f"of the {have} servers that hold it only {want} would keep it"
    return ""


def less_room(have: int, want: int, state: State) -> str:
    """A server keeps what is stored, and then takes nothing new."""
    stored = int(state.get("bytes", 0))
    if 0 < want < stored:
        return f"{stored} bytes are stored, and no new key could be put any more"
    return ""


def never_storage(have: str, want: str) -> str:
    """Why `storage` cannot change."""
    return "a server never changes it in place"


def never_mirror(have: Mapping[str, Any], want: Mapping[str, Any]) -> str:
    """Why `mirror` cannot change. Without it the stored entries would still have the subjects of the origin."""
    if not want:
        return "what it holds has the subjects of its origin, and nobody could read it any more"
    if not have:
        return "only a new bucket can be made a mirror"
    return "a server never changes what a bucket mirrors"


def never_off(have: bool, want: bool) -> str:
    """Why `allow_msg_ttl` cannot change."""
    return "a server never switches it off again" if have else ""
