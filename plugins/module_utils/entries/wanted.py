# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a user wants of entries: one item and its parts, checked. An item is written in the same way in the list
`entries`, in a file, and, with the names in OPTIONS, as options of the module."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import BadInput
from ..names import checked_key
from ..units import SECOND, format_duration, parse_duration
from .model import Value, parse_base64, parse_value, read_file

PRESENT, ABSENT = "present", "absent"

# The parts of an item, with the options of the module that say the same of its one key.
OPTIONS: Mapping[str, str] = {
    "key": "key",
    "value": "value",
    "value_base64": "value_base64",
    "value_file": "value_file",
    "revert": "revert",
    "state": "state",
    "purge": "purge",
    "ttl": "key_ttl",
    "revision": "revision",
}
_VALUES = ("value", "value_base64", "value_file", "revert")


@dataclass(frozen=True, slots=True)
class WantedEntry:
    """What one key is to be.

    Attributes:
        key: Its name.
        value: What it is to hold; None where it is to be gone, or goes back to an earlier revision.
        revert: The revision whose value it is to have again.
        ttl: Whole seconds that it is to live, 0 for no limit; None where that does not matter. Where it is to be
            purged, how long the marker of that stays.
        revision: The newest revision it must have if it is written, 0 if it must not exist; None where it does not
            matter.
        purge: Whether its earlier revisions go with it when it is to be gone.
    """

    key: str
    value: Value | None = None
    revert: int | None = None
    ttl: int | None = None
    revision: int | None = None
    purge: bool = False

    @property
    def present(self) -> bool:
        """Whether the key is to have a value."""
        return self.value is not None or self.revert is not None


def from_params(params: Mapping[str, Any], bucket: str) -> WantedEntry | None:
    """The one key that the module's own options name, if any.

    Raises:
        BadInput: naming option, value and mend.
    """
    given = {part: params.get(option) for part, option in OPTIONS.items()}
    if given["key"] is None:
        for part in (*_VALUES, "ttl", "revision"):
            if given[part] is not None:
                raise BadInput(f"'{OPTIONS[part]}' is given without 'key'.", "Say which key is meant.")
        return None
    return _entry(given, bucket, lambda part: f"'{OPTIONS[part]}'")


def from_items(items: Any, bucket: str, *, state: str, purge: bool, option: str = "entries") -> list[WantedEntry]:
    """The entries of a mapping of keys and values, or of a list of items.

    Args:
        items: What the user gave.
        bucket: The bucket's name.
        state: `present` or `absent`, for items that do not say.
        purge: See WantedEntry, for items that do not say.
        option: The option, or the file, to name in the error.

    Raises:
        BadInput: naming the item, the value and the mend. Values are never shown.
    """
    if isinstance(items, Mapping):
        if state == ABSENT:
            items = [{"key": key, "state": ABSENT, "purge": purge} for key in items]
        else:
            items = [{"key": key, "value": value} for key, value in items.items()]
    elif not isinstance(items, list):
        raise BadInput(
            f"'{option}' is neither a mapping nor a list, but {_kind(items)}.",
            "Write it as 'key: value' pairs, or as a list of items with 'key' and 'value'.",
        )
    return [from_item(item, bucket, f"{option}[{n}]", state=state, purge=purge) for n, item in enumerate(items)]


def from_item(item: Any, bucket: str, where: str, *, state: str, purge: bool) -> WantedEntry:
    """One item; see from_items().

    Args:
        item: A mapping with the parts in OPTIONS.
        bucket: The bucket's name.
        where: The item's place, for messages.
        state: For an item that does not say.
        purge: For an item that does not say.
    """
    if not isinstance(item, Mapping):
        raise BadInput(
            f"'{where}' is not a mapping, but {_kind(item)}.", "Write an item as 'key: ...' and 'value: ...'."
        )
    for part in item:
        if part not in OPTIONS:
            near = difflib.get_close_matches(str(part), OPTIONS, n=1)
            raise BadInput(
                f"'{where}' has the unknown part {_short(part)}.",
                f"Did you mean '{near[0]}'?" if near else f"An item may have {', '.join(OPTIONS)}.",
            )
    key = item.get("key")
    if not isinstance(key, str):
        raise BadInput(
            f"'{where}' has {'no key' if key is None else f'a key that is no text, but {_kind(key)}'}.",
            "Give the key as text; quote a number.",
        )
    if "value" in item and item["value"] is None:
        raise BadInput(
            f"'{where}' (key {_short(key)}) has no value: it is null.",
            "Write '' for an empty value, the text 'null' for JSON's null, or 'state: absent' to remove the key.",
        )
    return _entry({"state": state, "purge": purge} | dict(item), bucket, lambda part: f"'{where}.{part}'")


def without_doubles(entries: Iterable[WantedEntry], option: str = "entries") -> tuple[WantedEntry, ...]:
    """The entries, if no key is there twice.

    Raises:
        BadInput: One is.
    """
    found: dict[str, WantedEntry] = {}
    for entry in entries:
        if entry.key in found:
            raise BadInput(f"'{option}' names the key {_short(entry.key)} twice.", "Leave one of them out.")
        found[entry.key] = entry
    return tuple(found.values())


def _entry(given: Mapping[str, Any], bucket: str, name: Any) -> WantedEntry:
    """An item whose parts are there or None; `name` gives a part's name for messages, quoted."""
    key = checked_key(given["key"], bucket, name("key").strip("'"))
    state, of_key = given["state"], f"for key {_short(key)}"
    if state not in (PRESENT, ABSENT):
        raise BadInput(f"{name('state')} {_short(state)} is not a state.", f"Write '{PRESENT}' or '{ABSENT}'.")
    values = [part for part in _VALUES if given.get(part) is not None]
    if state == ABSENT:
        purge = _flag(given.get("purge"), name("purge"))
        if given.get("ttl") is not None and not purge:
            values.append("ttl")
        if values:
            raise BadInput(
                f"{name(values[0])} is given {of_key}, and {name('state')} is 'absent'.", "Leave one of them out."
            )
        ttl, revision = _ttl(given.get("ttl"), name), _revision(given.get("revision"), name)
        return WantedEntry(key, ttl=ttl, revision=revision, purge=purge)
    if len(values) != 1:
        if values:
            raise BadInput(f"{' and '.join(map(name, values))} are both given {of_key}.", "Give one of them.")
        raise BadInput(
            f"{name('key')} {_short(key)} is given without {name('value')}.",
            f"Give the value (an empty text is one), or {name('state')}: absent to delete the key.",
        )
    revert = None
    if given.get("revert") is not None:
        revert = _number(given["revert"], name("revert"), 1, "Give one of the revisions in the key's history.")
    return WantedEntry(
        key,
        value=_value(values[0], given, name),
        revert=revert,
        ttl=_ttl(given.get("ttl"), name),
        revision=_revision(given.get("revision"), name),
    )


def _value(part: str, given: Mapping[str, Any], name: Any) -> Value | None:
    option = name(part).strip("'")
    match part:
        case "value":
            return parse_value(given["value"], option)
        case "value_base64":
            return parse_base64(_text(given[part], name(part)), option)
        case "value_file":
            return read_file(_text(given[part], name(part)), option)
    return None


def _revision(value: Any, name: Any) -> int | None:
    if value is None:
        return None
    return _number(value, name("revision"), 0, "Give the revision that the key must have, 0 if it must not exist.")


def _ttl(value: Any, name: Any) -> int | None:
    if value is None:
        return None
    nanoseconds = parse_duration(str(value), name("ttl").strip("'"))
    if nanoseconds % SECOND:
        # A server takes whole seconds, and cuts off what is finer (ADR-43).
        raise BadInput(
            f"{name('ttl')} '{format_duration(nanoseconds)}' is not a whole number of seconds.",
            "Write whole seconds, or 'unlimited'.",
        )
    return nanoseconds // SECOND


def _number(value: Any, name: str, least: int, mend: str) -> int:
    text = str(value).strip()
    if isinstance(value, bool) or not text.isascii() or not text.isdigit() or not least <= int(text) < 2**64:
        raise BadInput(f"{name} {_short(value)} is not a revision.", mend)
    return int(text)


def _flag(value: Any, name: str) -> bool:
    if value is None or isinstance(value, bool):
        return bool(value)
    raise BadInput(f"{name} {_short(value)} is neither true nor false.", "Write true or false.")


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise BadInput(f"{name} is no text, but {_kind(value)}.", "Quote it.")
    return value


def _kind(value: Any) -> str:
    return {type(None): "nothing", dict: "a mapping", list: "a list", str: "text", bool: "a boolean"}.get(
        type(value), f"of type {type(value).__name__}"
    )


def _short(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 80 else f"{shown[:60]}...'"
