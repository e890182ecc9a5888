# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A bucket's settings: one table that says how each is parsed, read from and written to a stream's configuration,
shown, and what changing it means. A bucket is a stream (NATS ADR-8); its configuration is the server's own JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..connection.server_errors import NO_ROOM, UNKNOWN_FIELD
from ..errors import BadInput, ChangeRefused, ServerRefused
from ..names import bucket_name, stream_name
from ..units import SECOND, format_duration, format_size, parse_size, seconds
from . import fields, origins

MAX_HISTORY = 64  # ADR-8
MAX_REPLICAS = 5  # nats-server StreamMaxReplicas
# A server's default; it must not be longer than the bucket's ttl.
DUPLICATE_WINDOW = 120 * SECOND

State = fields.State
StreamConfig = fields.StreamConfig
Settings = Mapping[str, Any]  # by the names in SETTINGS, canonical values; what is not given is not in it


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting.

    Attributes:
        name: The option's.
        field: The field of the stream's configuration.
        parse: From the option's value to the canonical one; raises BadInput.
        default: The canonical value of a bucket that is made without it.
        absent: The canonical value where a server leaves the field out; by default the default.
        read: From the field, and the bucket's name, to the canonical value.
        write: From the canonical value, and the stream's configuration as it is, to the field; None leaves it out.
        show: The canonical value as diffs show it.
        given_back: The canonical value as results hold it.
        lossy: Whether going from the first value to the second can destroy data, given the stream's state, and how;
            empty where it cannot.
        fixed: Why the server cannot go from the first value to the second in place; empty where it can.
        since: The first version of nats-server that knows the field; empty for those that all do.
    """

    name: str
    field: str
    parse: Callable[[Any], Any]
    default: Any
    absent: Any = None
    read: Callable[[Any, str], Any] = lambda value, bucket: value
    write: Callable[[Any, StreamConfig], Any] = lambda value, config: value
    show: Callable[[Any], Any] = lambda value: value
    given_back: Callable[[Any], Any] = lambda value: value
    lossy: Callable[[Any, Any, State], str] = lambda have, want, state: ""
    fixed: Callable[[Any, Any], str] = lambda have, want: ""
    since: str = ""


def _switch(name: str, *, default: bool = False, **more: Any) -> Setting:
    return Setting(name, name, bool, default, absent=False, read=lambda value, bucket: bool(value), **more)


SETTINGS: tuple[Setting, ...] = (
    Setting("description", "description", fields.description, ""),
    Setting(
        "history",
        "max_msgs_per_subject",
        fields.whole("history", MAX_HISTORY),
        1,
        lossy=fields.fewer_revisions,
    ),
    Setting("ttl", "max_age", fields.ttl, 0, show=format_duration, given_back=seconds, lossy=fields.shorter_life),
    Setting("storage", "storage", str, "file", fixed=fields.never_storage),
    Setting("replicas", "num_replicas", fields.whole("replicas", MAX_REPLICAS), 1, lossy=fields.fewer_replicas),
    Setting(
        "max_bytes",
        "max_bytes",
        lambda value: parse_size(value, "max_bytes"),
        -1,
        read=fields.read_size,
        show=format_size,
        lossy=fields.less_room,
    ),
    Setting("max_value_size", "max_msg_size", fields.value_size, -1, read=fields.read_size, show=format_size),
    Setting("compression", "compression", str, "none", read=lambda value, bucket: value or "none", since="2.10"),
    Setting(
        "metadata",
        "metadata",
        fields.metadata,
        {},
        read=fields.read_metadata,
        write=fields.written_metadata,
        since="2.10",
    ),
    Setting(
        "placement",
        "placement",
        fields.placement,
        fields.placement({}),
        read=lambda value, bucket: fields.placement(value),
        write=fields.written_placement,
        show=lambda value: {name: part for name, part in value.items() if part},
    ),
    Setting(
        "republish",
        "republish",
        fields.republish,
        {},
        read=fields.read_republish,
        write=fields.written_republish,
    ),
    Setting(
        "mirror",
        "mirror",
        lambda value: origins.parse(value, "mirror"),
        {},
        read=lambda value, bucket: origins.read_mirror(value),
        write=lambda value, config: origins.written_mirror(value),
        show=origins.shown,
        fixed=fields.never_mirror,
    ),
    Setting(
        "sources",
        "sources",
        origins.parse_sources,
        [],
        read=fields.read_sources,
        write=fields.written_sources,
        show=lambda value: [origins.shown(origin) for origin in value],
    ),
    Setting(
        "limit_marker_ttl",
        "subject_delete_marker_ttl",
        fields.limit_marker_ttl,
        0,
        show=format_duration,
        given_back=seconds,
        since="2.11",
    ),
    _switch("allow_msg_ttl", fixed=fields.never_off, since="2.11"),
    _switch("allow_atomic", since="2.12"),
    _switch("allow_direct", default=True),
)

_NEWER = frozenset(setting.field for setting in SETTINGS if setting.since)


def parse(params: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that the user gave, canonical: durations in nanoseconds (0: no limit), sizes in bytes (-1: none).

    Raises:
        BadInput: naming option, value and mend.
    """
    given = {s.name: s.parse(params[s.name]) for s in SETTINGS if params.get(s.name) is not None}
    if given.get("mirror") and given.get("sources"):
        raise BadInput("'mirror' and 'sources' are both given.", "A bucket is a mirror, or has sources.")
    for name in ("limit_marker_ttl", "allow_atomic"):
        if given.get("mirror") and given.get(name):
            raise BadInput(
                f"'mirror' and '{name}' are both given.", f"A mirror has no '{name}'; its origin may have it."
            )
    if given.get("limit_marker_ttl") and given.get("allow_msg_ttl") is False:
        raise BadInput("'limit_marker_ttl' is given with 'allow_msg_ttl: false'.", "It needs 'allow_msg_ttl: true'.")
    return given


def read(config: StreamConfig) -> dict[str, Any]:
    """All settings of an existing bucket, canonical."""
    return {setting.name: _read(setting, config) for setting in SETTINGS}


def _read(setting: Setting, config: StreamConfig) -> Any:
    value = config.get(setting.field)
    if value is None:
        return setting.default if setting.absent is None else setting.absent
    return setting.read(value, bucket_name(config["name"]))


def creation(bucket: str, wanted: Settings) -> dict[str, Any]:
    """The stream's configuration for a new bucket, as the nats CLI makes it (ADR-8: discard new, rollup allowed,
    no deletes of single messages, direct reads)."""
    config: dict[str, Any] = {
        "name": stream_name(bucket),
        "subjects": [f"$KV.{bucket}.>"],
        "retention": "limits",
        "max_consumers": -1,
        "max_msgs": -1,
        "discard": "new",
        "allow_rollup_hdrs": True,
        "deny_delete": True,
        "deny_purge": False,
        "duplicate_window": DUPLICATE_WINDOW,
    }
    if wanted.get("mirror"):
        # A mirror has the subjects of its origin, and may answer direct reads in its place.
        del config["subjects"]
        config["mirror_direct"] = True
    return written(config, {setting.name: setting.default for setting in SETTINGS} | dict(wanted))


def written(config: StreamConfig, wanted: Settings) -> dict[str, Any]:
    """A stream's configuration with the given settings put into it, and everything else kept as it is: an update
    replaces the whole, so what is left out would be wiped."""
    made = dict(config)
    for setting in SETTINGS:
        if setting.name in wanted:
            made[setting.field] = setting.write(wanted[setting.name], config)
    if wanted.get("limit_marker_ttl"):
        made["allow_msg_ttl"] = True  # which the server asks for (ADR-43)
    # The server refuses a window for duplicates that is longer than the ttl.
    longest = made.get("max_age") or fields.FOR_EVER
    if made.get("duplicate_window", 0) > longest:
        made["duplicate_window"] = longest
    # Older servers refuse fields that they do not know, even where they say nothing.
    return {
        name: value
        for name, value in made.items()
        if name in config or name not in _NEWER or value not in (None, False, 0, {}, "none")
    }


def differing(have: Settings, wanted: Settings) -> tuple[Setting, ...]:
    """The settings that would change."""
    return tuple(s for s in SETTINGS if s.name in wanted and have[s.name] != wanted[s.name])


def refusals(
    bucket: str, have: Settings, wanted: Settings, state: State, *, allow_data_loss: bool
) -> tuple[ChangeRefused, ...]:
    """Every change that must not be made: impossible in place, or destroying data without the user's word.

    Args:
        bucket: Its name.
        have: Its settings.
        wanted: Those that are given.
        state: Its stream's state.
        allow_data_loss: The user's word.
    """
    found = []
    for setting in differing(have, wanted):
        old, new = setting.show(have[setting.name]), setting.show(wanted[setting.name])
        change = f"'{setting.name}' of bucket '{bucket}' is {old!r} and cannot become {new!r}"
        if reason := setting.fixed(have[setting.name], wanted[setting.name]):
            found.append(
                ChangeRefused(
                    f"{change}: {reason}.",
                    f"Leave '{setting.name}' as it is, or make a bucket of another name and copy the entries.",
                )
            )
        elif not allow_data_loss and (loss := setting.lossy(have[setting.name], wanted[setting.name], state)):
            found.append(
                ChangeRefused(
                    f"{change} without a word: {loss}.",
                    f"Set 'allow_data_loss: true' for this run, or leave '{setting.name}' at {old!r}.",
                )
            )
    return tuple(found)


def refused_words(error: ServerRefused, version: str, servers: int | None) -> str:
    """What to add when a server has refused settings; empty where there is nothing.

    Args:
        error: The refusal.
        version: Of the server that we are connected to. In a domain another one may have answered.
        servers: How many are in sight; None where nobody can say.
    """
    if error.code == UNKNOWN_FIELD:
        for setting in SETTINGS:
            if setting.since and f'unknown field "{setting.field}"' in error.message:
                return f"It is '{setting.name}', which needs nats-server {setting.since}; this is {version}."
    if error.code in NO_ROOM and servers:
        return f"In sight: {servers} {'server' if servers == 1 else 'addresses of servers'}."
    return ""


def shown(settings: Settings) -> dict[str, Any]:
    """Settings as diffs show them."""
    return {s.name: s.show(settings[s.name]) for s in SETTINGS if s.name in settings}


def given_back(settings: Settings) -> dict[str, Any]:
    """Settings as results hold them: durations in seconds, sizes in bytes."""
    return {s.name: s.given_back(settings[s.name]) for s in SETTINGS if s.name in settings}
