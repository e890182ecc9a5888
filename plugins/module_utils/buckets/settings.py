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
from ..names import stream_name
from ..units import SECOND, format_duration, format_size, parse_duration, parse_size, seconds

MAX_HISTORY = 64  # ADR-8
MAX_REPLICAS = 5  # nats-server StreamMaxReplicas
# A server's default; it must not be longer than the bucket's ttl.
DUPLICATE_WINDOW = 120 * SECOND

StreamConfig = Mapping[str, Any]
Settings = Mapping[str, Any]  # by the names in SETTINGS, canonical values; what is not given is not in it


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting.

    Attributes:
        name: The option's.
        field: The field of the stream's configuration.
        parse: From the option's value to the canonical one; raises BadInput.
        default: The canonical value of a bucket that is made without it.
        show: The canonical value as diffs show it.
        given_back: The canonical value as results hold it.
        lossy: Whether going from the first value to the second can destroy data, and how; empty where it cannot.
        fixed: Whether the server can never change it in place.
    """

    name: str
    field: str
    parse: Callable[[Any], Any]
    default: Any
    show: Callable[[Any], Any] = lambda value: value
    given_back: Callable[[Any], Any] = lambda value: value
    lossy: Callable[[Any, Any], str] = lambda have, want: ""
    fixed: bool = False


def _whole(option: str, most: int) -> Callable[[Any], int]:
    def parse(value: Any) -> int:
        if not 1 <= value <= most:
            raise BadInput(f"'{option}' {value} is out of range.", f"Give a number from 1 to {most}.")
        return int(value)

    return parse


def _fewer_revisions(have: int, want: int) -> str:
    return (
        f"the server would drop all but the newest {want} of up to {have} revisions of every key" if want < have else ""
    )


def _shorter_life(have: int, want: int) -> str:
    if want and (not have or want < have):
        return f"the server would drop every entry older than {format_duration(want)}"
    return ""


def _description(value: Any) -> str:
    # nats-server JSMaxDescriptionLen: 4 KiB
    if len(value.encode()) > 4096:
        raise BadInput("'description' is longer than the 4096 bytes that a server takes.", "Shorten it.")
    return str(value)


# max_bytes below what is stored loses nothing, but no new key can then be put: the server keeps the data.
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
    Setting("storage", "storage", str, "file", fixed=True),
    Setting("replicas", "num_replicas", _whole("replicas", MAX_REPLICAS), 1),
    Setting("max_bytes", "max_bytes", lambda value: parse_size(value, "max_bytes"), -1, show=format_size),
    Setting("max_value_size", "max_msg_size", lambda value: parse_size(value, "max_value_size"), -1, show=format_size),
)


def parse(params: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that the user gave, canonical: durations in nanoseconds (0: no limit), sizes in bytes (-1: none).

    Raises:
        BadInput: naming option, value and mend.
    """
    return {s.name: s.parse(params[s.name]) for s in SETTINGS if params.get(s.name) is not None}


def read(config: StreamConfig) -> dict[str, Any]:
    """All settings of an existing bucket, canonical."""
    return {setting.name: _read(setting, config) for setting in SETTINGS}


def _read(setting: Setting, config: StreamConfig) -> Any:
    value = config.get(setting.field, setting.default)
    # A size that was sent as 0 comes back as -1 from some servers and as 0 from others.
    return -1 if setting.default == -1 and value == 0 else value


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
        "allow_direct": True,
        "duplicate_window": DUPLICATE_WINDOW,
    }
    return written(config, {setting.name: setting.default for setting in SETTINGS} | dict(wanted))


def written(config: StreamConfig, wanted: Settings) -> dict[str, Any]:
    """A stream's configuration with the given settings put into it, and everything else kept as it is: an update
    replaces the whole, so what is left out would be wiped."""
    made = dict(config) | {s.field: wanted[s.name] for s in SETTINGS if s.name in wanted}
    # The server refuses a window for duplicates that is longer than the ttl.
    if made["max_age"] and made.get("duplicate_window", 0) > made["max_age"]:
        made["duplicate_window"] = made["max_age"]
    return made


def differing(have: Settings, wanted: Settings) -> tuple[Setting, ...]:
    """The settings that would change."""
    return tuple(s for s in SETTINGS if s.name in wanted and have[s.name] != wanted[s.name])


def refusals(bucket: str, have: Settings, wanted: Settings, *, allow_data_loss: bool) -> tuple[ChangeRefused, ...]:
    """Every change that must not be made: impossible in place, or destroying data without the user's word."""
    found = []
    for setting in differing(have, wanted):
        old, new = setting.show(have[setting.name]), setting.show(wanted[setting.name])
        change = f"'{setting.name}' of bucket '{bucket}' is {old!r} and cannot become {new!r}"
        if setting.fixed:
            found.append(
                ChangeRefused(
                    f"{change}: a server never changes it in place.",
                    f"Leave '{setting.name}' at {old!r}, or make a bucket of another name and copy the entries.",
                )
            )
        elif not allow_data_loss and (loss := setting.lossy(have[setting.name], wanted[setting.name])):
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
