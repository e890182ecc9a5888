# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The work of the lookup nats_kv: values of keys, all over one connection."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

from .buckets import store as buckets
from .connection.job import connected
from .connection.options import ConnectionOptions
from .deadline import Deadline
from .entries import reading
from .entries.model import Entry
from .entries.place import Place, place_of
from .errors import BadInput, NatsOpsError
from .names import checked_bucket, checked_filter

TEXT, JSON, BASE64 = "text", "json", "base64"
NO_DEFAULT = object()


class MissingKey(NatsOpsError):
    """A key has no value, and no default was given."""


async def values(
    connection: ConnectionOptions, bucket: str, terms: Sequence[str], *, form: str, default: Any = NO_DEFAULT
) -> list[Any]:
    """What the terms stand for, in their order.

    Args:
        connection: How to reach NATS.
        bucket: The bucket's name.
        terms: Keys, each of which stands for its value, and filters with a wildcard, each of which stands for a mapping
            of the keys that it takes in.
        form: `text`, `json` or `base64`.
        default: What stands for a key that has no value.

    Raises:
        NatsOpsError: what went wrong; MissingKey where a key has no value and no default was given.
    """
    checked_bucket(bucket)
    for term in terms:
        checked_filter(term, bucket, "term")
    async with connected(connection, Deadline(connection.timeout)) as jetstream:
        found = await buckets.find(jetstream, bucket)
        if found is None:
            raise BadInput(
                f"'bucket' '{bucket}' does not exist.", "Check its name, and that this is the right account."
            )
        place = place_of(jetstream, found)
        single = {term for term in terms if not _is_filter(term)}
        known: dict[str, Entry] = {}
        if single:
            stored = int(found.state.get("num_subjects", 0))
            await reading.latest(place, single, lambda entry: _take(known, entry), stored)
        shown: list[Any] = []
        for term in terms:
            if _is_filter(term):
                shown.append(await _mapping(place, term, form))
            elif term in known and known[term].live:
                shown.append(_formed(known[term], bucket, form))
            elif default is not NO_DEFAULT:
                shown.append(default)
            else:
                raise MissingKey(
                    f"Key '{term}' of bucket '{bucket}' has no value.", "Check its name, or give a default."
                )
        return shown


def _is_filter(term: str) -> bool:
    return not {"*", ">"}.isdisjoint(term.split("."))


async def _mapping(place: Place, pattern: str, form: str) -> Mapping[str, Any]:
    known: dict[str, Entry] = {}
    async for entry in reading.watch(place, pattern):
        _take(known, entry)
    return {key: _formed(known[key], place.bucket, form) for key in sorted(known) if known[key].live}


def _take(known: dict[str, Entry], entry: Entry) -> None:
    if entry.key not in known or known[entry.key].revision <= entry.revision:
        known[entry.key] = entry


def _formed(entry: Entry, bucket: str, form: str) -> Any:
    where = f"The value of key '{entry.key}' of bucket '{bucket}'"
    try:
        match form:
            case "json":
                return json.loads(entry.value)
            case "base64":
                return base64.b64encode(entry.value).decode()
        return entry.value.decode()
    except UnicodeDecodeError as error:
        raise BadInput(f"{where} is no text in UTF-8.", f"Set 'form={BASE64}'.") from error
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{where} is not JSON.", f"Set 'form={TEXT}'.") from error
