# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A bucket's settings: one table that says how each is parsed, read from and written to a stream's configuration,
shown, and what changing it means. A bucket is a stream (NATS ADR-8); its configuration is the server's own JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import BadInput, ChangeRefused
from ..names import bucket_name, stream_name
from ..units import SECOND, format_duration, format_size, parse_duration, parse_size, seconds
from . import origins

MAX_HISTORY = 64  # ADR-8
MAX_REPLICAS = 5  # nats-server StreamMaxReplicas
# A server's default; it must not be longer than the bucket's ttl.
DUPLICATE_WINDOW = 120 * SECOND

_SERVERS_OWN = "_nats."
# Fields that not all servers know: compression and metadata came with 2.10, times to live with 2.11, batches with 2.12.
_NEWER = frozenset({"compression", "metadata", "allow_msg_ttl", "subject_delete_marker_ttl", "allow_atomic"})

StreamConfig = Mapping[str, Any]
State = Mapping[str, Any]  # of a stream: messages, bytes and so on
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
        write: From the canonical value, and the bucket's name, to the field; None leaves the field out.
        show: The canonical value as diffs show it.
        given_back: The canonical value as results hold it.
        lossy: Whether going from the first value to the second can destroy data, given the stream's state, and how;
            empty where it cannot.
        fixed: Why the server cannot go from the first value to the second in place; empty where it can.
    """

    name: str
    field: str
    parse: Callable[[Any], Any]
    default: Any
    absent: Any = None
    read: Callable[[Any, str], Any] = lambda value, bucket: value
    write: Callable[[Any, str], Any] = lambda value, bucket: value
    show: Callable[[Any], Any] = lambda value: value
    given_back: Callable[[Any], Any] = lambda value: value
    lossy: Callable[[Any, Any, State], str] = lambda have, want, state: ""
    fixed: Callable[[Any, Any], str] = lambda have, want: ""


def _whole(option: str, most: int) -> Callable[[Any], int]:
    def parse(value: Any) -> int:
        if not 1 <= value <= most:
            raise BadInput(f"'{option}' {value} is out of range.", f"Give a number from 1 to {most}.")
        return int(value)

    return parse


def _size(name: str, field: str, **more: Any) -> Setting:
    return Setting(
        name,
        field,
        lambda value: parse_size(value, name),
        -1,
        # A size that was sent as 0 comes back as -1 from some servers and as 0 from others.
        read=lambda value, bucket: -1 if value <= 0 else value,
        show=format_size,
        **more,
    )


def _switch(name: str, *, default: bool = False, **more: Any) -> Setting:
    return Setting(name, name, bool, default, absent=False, read=lambda value, bucket: bool(value), **more)


def _fewer_revisions(have: int, want: int, state: State) -> str:
    return (
        f"the server would drop all but the newest {want} of up to {have} revisions of every key" if want < have else ""
    )


def _shorter_life(have: int, want: int, state: State) -> str:
    if want and (not have or want < have):
        return f"the server would drop every entry older than {format_duration(want)}"
    return ""


def _fewer_replicas(have: int, want: int, state: State) -> str:
    if want < have:
        return f"only {want} of the {have} servers that hold it would keep it, and it would be as safe as they are"
    return ""


def _less_room(have: int, want: int, state: State) -> str:
    stored = int(state.get("bytes", 0))
    if 0 < want < stored:
        return f"{stored} bytes are stored, and no new key could be put any more"
    return ""


def _description(value: Any) -> str:
    # nats-server JSMaxDescriptionLen: 4 KiB
    if len(value.encode()) > 4096:
        raise BadInput("'description' is longer than the 4096 bytes that a server takes.", "Shorten it.")
    return str(value)


def _metadata(value: Mapping[Any, Any]) -> dict[str, str]:
    for name, text in value.items():
        if not isinstance(name, str) or not isinstance(text, str):
            raise BadInput(f"'metadata' has {name!r}: {text!r}, which is not text.", "Quote both name and value.")
        if not name or name.startswith(_SERVERS_OWN):
            raise BadInput(
                f"'metadata' has the name {name!r}.", f"Names that begin with '{_SERVERS_OWN}' are the server's."
            )
    # nats-server JSMaxMetadataLen: 128 KiB
    if sum(len(name.encode()) + len(text.encode()) for name, text in value.items()) > 128 * 1024:
        raise BadInput("'metadata' is larger than the 128 KiB that a server takes.", "Shorten it.")
    return dict(value)


def _users(metadata: Mapping[str, str] | None) -> dict[str, str]:
    return {name: text for name, text in (metadata or {}).items() if not name.startswith(_SERVERS_OWN)}


def _placement(value: Mapping[str, Any] | None) -> dict[str, Any]:
    """Also from the server's form, which is the same; the order of tags means nothing."""
    value = value or {}
    return {"cluster": value.get("cluster") or "", "tags": sorted(set(value.get("tags") or []))}


def _written_placement(value: Mapping[str, Any], bucket: str) -> dict[str, Any] | None:
    return {name: part for name, part in value.items() if part} or None


def _republish(value: Mapping[str, Any]) -> dict[str, Any]:
    given = {name: part for name, part in value.items() if part is not None}
    if not given:
        return {}
    for part in ("source", "destination"):
        if not given.get(part):
            raise BadInput(f"'republish' has no '{part}'.", "Set both 'source' and 'destination', or {} for none.")
        if any(c.isspace() for c in given[part]):
            raise BadInput(f"'republish.{part}' {given[part]!r} is not a subject.", "Write it without blanks.")
    return {
        "source": given["source"],
        "destination": given["destination"],
        "headers_only": bool(given.get("headers_only")),
    }


def _read_republish(value: Mapping[str, Any] | None, bucket: str) -> dict[str, Any]:
    if not value:
        return {}
    return {
        "source": value.get("src") or ">",
        "destination": value.get("dest", ""),
        "headers_only": bool(value.get("headers_only")),
    }


def _written_republish(value: Mapping[str, Any], bucket: str) -> dict[str, Any] | None:
    if not value:
        return None
    return {"src": value["source"], "dest": value["destination"], "headers_only": value["headers_only"]}


def _limit_marker_ttl(value: Any) -> int:
    nanoseconds = parse_duration(value, "limit_marker_ttl")
    if nanoseconds % SECOND:
        raise BadInput(f"'limit_marker_ttl' {value!r} is not a whole number of seconds.", "Write whole seconds.")
    return nanoseconds


SETTINGS: tuple[Setting, ...] = (
    Setting("description", "description", _description, ""),
    Setting("history", "max_msgs_per_subject", _whole("history", MAX_HISTORY), 1, lossy=_fewer_revisions),
    Setting(
        "ttl",
        "max_age",
        lambda value: parse_duration(value, "ttl"),
        0,
        show=format_duration,
        given_back=seconds,
        lossy=_shorter_life,
    ),
    Setting("storage", "storage", str, "file", fixed=lambda have, want: "a server never changes it in place"),
    Setting("replicas", "num_replicas", _whole("replicas", MAX_REPLICAS), 1, lossy=_fewer_replicas),
    _size("max_bytes", "max_bytes", lossy=_less_room),
    _size("max_value_size", "max_msg_size"),
    Setting("compression", "compression", str, "none", read=lambda value, bucket: value or "none"),
    Setting("metadata", "metadata", _metadata, {}, read=lambda value, bucket: _users(value)),
    Setting(
        "placement",
        "placement",
        _placement,
        _placement(None),
        read=lambda value, bucket: _placement(value),
        write=_written_placement,
    ),
    Setting("republish", "republish", _republish, {}, read=_read_republish, write=_written_republish),
    Setting(
        "mirror",
        "mirror",
        lambda value: origins.parse(value, "mirror"),
        {},
        read=lambda value, bucket: origins.read_mirror(value),
        write=lambda value, bucket: origins.written_mirror(value),
        fixed=lambda have, want: (
            "a server never changes the origin of a mirror"
            if want
            else "its keys have the subjects of the origin, under which nobody could read them any more"
            if have
            else ""
        ),
    ),
    Setting(
        "sources",
        "sources",
        origins.parse_sources,
        [],
        read=lambda value, bucket: origins.in_order([origins.read_source(item, bucket) for item in value or []]),
        write=lambda value, bucket: [origins.written_source(item, bucket) for item in value] or None,
    ),
    Setting(
        "limit_marker_ttl",
        "subject_delete_marker_ttl",
        _limit_marker_ttl,
        0,
        show=format_duration,
        given_back=seconds,
    ),
    _switch("allow_msg_ttl", fixed=lambda have, want: "a server never switches it off again" if have else ""),
    _switch("allow_atomic"),
    _switch("allow_direct", default=True),
)


def parse(params: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that the user gave, canonical: durations in nanoseconds (0: no limit), sizes in bytes (-1: none).

    Raises:
        BadInput: naming option, value and mend.
    """
    given = {s.name: s.parse(params[s.name]) for s in SETTINGS if params.get(s.name) is not None}
    if given.get("mirror") and given.get("sources"):
        raise BadInput("'mirror' and 'sources' are both given.", "A bucket is a mirror, or has sources.")
    if given.get("mirror") and given.get("republish"):
        raise BadInput("'mirror' and 'republish' are both given.", "Republish from the origin.")
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
            made[setting.field] = setting.write(wanted[setting.name], bucket_name(config["name"]))
    if "metadata" in wanted:
        own = {k: v for k, v in (config.get("metadata") or {}).items() if k.startswith(_SERVERS_OWN)}
        made["metadata"] = own | wanted["metadata"]
    if wanted.get("limit_marker_ttl"):
        made["allow_msg_ttl"] = True  # which the server asks for (ADR-43)
    # The server refuses a window for duplicates that is longer than the ttl.
    if made["max_age"] and made.get("duplicate_window", 0) > made["max_age"]:
        made["duplicate_window"] = made["max_age"]
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


def shown(settings: Settings) -> dict[str, Any]:
    """Settings as diffs show them."""
    return {s.name: s.show(settings[s.name]) for s in SETTINGS if s.name in settings}


def given_back(settings: Settings) -> dict[str, Any]:
    """Settings as results hold them: durations in seconds, sizes in bytes."""
    return {s.name: s.given_back(settings[s.name]) for s in SETTINGS if s.name in settings}
