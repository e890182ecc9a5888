# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a bucket gets its entries from besides its writers: the bucket that it mirrors, or its sources. Pure.

In a stream's configuration both are streams with subjects; here they are buckets with keys. As nats.go makes them: a
mirror keeps the subjects of its origin, a source's keys become keys of the bucket by a subject transform.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from ..errors import BadInput
from ..names import checked_bucket, checked_filter, key_subject, stream_name

PARTS = ("bucket", "domain", "api_prefix", "deliver_prefix", "filter", "start_revision", "start_time")
ALL = ">"
WHOLE = {"filter": ALL, "start_revision": 0, "start_time": ""}  # what leaves nothing of an origin out

Origin = Mapping[str, Any]  # canonical: all of PARTS but `domain`, which is an api_prefix


def parse(value: Mapping[str, Any], option: str) -> dict[str, Any]:
    """One origin as the user gives it, canonical; empty where nothing is in it.

    Raises:
        BadInput: naming option, value and mend.
    """
    given: dict[str, Any] = {part: value[part] for part in PARTS if value.get(part) is not None}
    if not given:
        return {}
    if "bucket" not in given:
        raise BadInput(f"'{option}' names no bucket.", f"Set '{option}.bucket'.")
    bucket = checked_bucket(given["bucket"], f"{option}.bucket")
    if "domain" in given and "api_prefix" in given:
        raise BadInput(f"'{option}.domain' and '{option}.api_prefix' are both given.", "Give one of them.")
    if "deliver_prefix" in given and not {"domain", "api_prefix"} & given.keys():
        raise BadInput(f"'{option}.deliver_prefix' is given without '{option}.api_prefix'.", "Give that as well.")
    revision = given.get("start_revision", 0)
    if "start_revision" in given and "start_time" in given:
        raise BadInput(f"'{option}.start_revision' and '{option}.start_time' are both given.", "Give one of them.")
    if revision < 0:
        raise BadInput(f"'{option}.start_revision' {revision} is not a revision.", "Give 1 or more.")
    api = _subject(given.get("api_prefix", ""), f"{option}.api_prefix")
    if "domain" in given:
        if "." in given["domain"]:
            raise BadInput(f"'{option}.domain' {given['domain']!r} is not a domain.", "Give its name, without dots.")
        api = f"$JS.{_subject(given['domain'], f'{option}.domain')}.API"
    return {
        "bucket": bucket,
        "api_prefix": api,
        "deliver_prefix": _subject(given.get("deliver_prefix", ""), f"{option}.deliver_prefix"),
        "filter": checked_filter(given.get("filter", ALL), bucket, f"{option}.filter"),
        "start_revision": revision,
        "start_time": _time(given.get("start_time", ""), f"{option}.start_time"),
    }


def read_mirror(stored: Mapping[str, Any] | None) -> dict[str, Any]:
    """The origin of a mirror, from the field `mirror`."""
    if not stored:
        return {}
    prefix = key_subject(stored["name"].removeprefix("KV_"), "")
    return _common(stored) | {"filter": (stored.get("filter_subject") or "").removeprefix(prefix) or ALL}


def written_mirror(origin: Origin) -> dict[str, Any] | None:
    """The field `mirror`."""
    if not origin:
        return None
    made = _written(origin)
    if origin["filter"] != ALL:
        made["filter_subject"] = key_subject(origin["bucket"], origin["filter"])
    return made


def read_source(stored: Mapping[str, Any], bucket: str) -> dict[str, Any]:
    """One of a bucket's origins, from an item of the field `sources`.

    One whose keys do not become keys of the bucket, as somebody may have made it, has the part `unreadable`: it never
    is as wanted.
    """
    common = _common(stored)
    prefix = key_subject(common["bucket"], "")
    transforms = stored.get("subject_transforms") or []
    if len(transforms) == 1 and transforms[0].get("src", "").startswith(prefix):
        pattern = transforms[0]["src"].removeprefix(prefix)
        readable = transforms[0].get("dest") == _destination(bucket, pattern)
    else:
        pattern = (stored.get("filter_subject") or "").removeprefix(prefix) or ALL
        readable = not transforms and common["bucket"] == bucket
    return common | {"filter": pattern} | ({} if readable else {"unreadable": True})


def written_source(origin: Origin, bucket: str) -> dict[str, Any]:
    """An item of the field `sources`."""
    made = _written(origin)
    source = key_subject(origin["bucket"], origin["filter"])
    if origin["bucket"] == bucket:  # of another domain; its keys fit as they are
        if origin["filter"] != ALL:
            made["filter_subject"] = source
    else:
        made["subject_transforms"] = [{"src": source, "dest": _destination(bucket, origin["filter"])}]
    return made


def parse_sources(value: list[Mapping[str, Any]], option: str = "sources") -> list[dict[str, Any]]:
    """All the origins of a bucket; their order means nothing."""
    found = [parse(item, f"{option}[{number}]") for number, item in enumerate(value)]
    for number, origin in enumerate(found):
        if not origin:
            raise BadInput(f"'{option}[{number}]' names no bucket.", f"Set '{option}[{number}].bucket'.")
        if origin in found[:number]:
            raise BadInput(f"'{option}' names bucket '{origin['bucket']}' twice.", "Leave one of them out.")
    return in_order(found)


def in_order(origins: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same origins in one order, so that they can be compared."""
    return sorted(origins, key=lambda origin: sorted((name, str(value)) for name, value in origin.items()))


def shown(origin: Origin) -> dict[str, Any]:
    """An origin as diffs and messages show it: without what says nothing."""
    return {part: value for part, value in origin.items() if value and value != WHOLE.get(part)}


def _common(stored: Mapping[str, Any]) -> dict[str, Any]:
    external = stored.get("external") or {}
    return {
        "bucket": stored["name"].removeprefix("KV_"),
        "api_prefix": external.get("api", ""),
        "deliver_prefix": external.get("deliver", ""),
        "start_revision": stored.get("opt_start_seq") or 0,
        "start_time": _time(stored.get("opt_start_time") or "", "start_time"),
    }


def _written(origin: Origin) -> dict[str, Any]:
    made: dict[str, Any] = {"name": stream_name(origin["bucket"])}
    if origin["api_prefix"] or origin["deliver_prefix"]:
        made["external"] = {"api": origin["api_prefix"], "deliver": origin["deliver_prefix"]}
    if origin["start_revision"]:
        made["opt_start_seq"] = origin["start_revision"]
    if origin["start_time"]:
        made["opt_start_time"] = origin["start_time"]
    return made


def _destination(bucket: str, pattern: str) -> str:
    """Where the keys of a filter go: `*` has to be written as the wildcard of that number."""
    numbers = iter(range(1, pattern.count("*") + 1))
    tokens = [f"{{{{wildcard({next(numbers)})}}}}" if part == "*" else part for part in pattern.split(".")]
    return key_subject(bucket, ".".join(tokens))


def _subject(text: str, option: str) -> str:
    if any(c.isspace() or c in "*>" or not c.isprintable() for c in text) or (text and "" in text.split(".")):
        raise BadInput(
            f"'{option}' {text!r} is not a subject.",
            "Write it without blanks and wildcards, and with something before, between and after the dots.",
        )
    return text


def _time(text: str, option: str) -> str:
    """In one form, in UTC, to the microsecond."""
    if not text:
        return ""
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError as error:
        raise BadInput(f"'{option}' {text!r} is not a time.", "Write it as 2026-11-24T02:00:00Z (RFC 3339).") from error
    if moment.tzinfo is None:
        raise BadInput(f"'{option}' {text!r} has no time zone.", "Put a Z behind it for UTC.")
    return moment.astimezone(datetime.UTC).isoformat().replace("+00:00", "Z")
