# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Entries from where they are written down: a YAML, JSON or JSON-lines file, or a folder with a file a key."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from ..errors import BadInput
from .model import read_file
from .wanted import PRESENT, WantedEntry, from_item, from_items

_LINES = (".jsonl", ".ndjson")
_YAML = (".yml", ".yaml")


def read(path: str, bucket: str, *, separator: str, state: str, purge: bool) -> list[WantedEntry]:
    """The entries that a file or a folder holds.

    Args:
        path: Of the file or folder.
        bucket: The bucket's name.
        separator: What joins folders and file into a key.
        state: `present` or `absent`, for items that do not say.
        purge: See WantedEntry.

    Raises:
        BadInput: naming the file, the place in it, and the mend. Values are never shown.
    """
    source = Path(path)
    if source.is_dir():
        return list(_folder(source, bucket, separator, state, purge))
    option = f"src {path}"
    suffix = source.suffix.lower()
    if suffix not in (*_LINES, *_YAML, ".json"):
        raise BadInput(
            f"'src' {path!r} is neither a folder nor a file that ends in .yml, .yaml, .json, .jsonl or .ndjson.",
            "Give a folder with a file a key, or a file of one of these kinds.",
        )
    value = read_file(path, "src")
    try:
        text = value.data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(f"'src' {path!r} is not a text in UTF-8.", "Store it as UTF-8.") from error
    if suffix in _LINES:
        return list(_lines(text, bucket, option, state, purge))
    return from_items(_parsed(text, path, suffix), bucket, state=state, purge=purge, option=option)


def _folder(folder: Path, bucket: str, separator: str, state: str, purge: bool) -> Iterator[WantedEntry]:
    for file in sorted(_files(folder)):
        if not file.is_file():
            raise BadInput(
                f"'src' {str(folder)!r} holds {str(file)!r}, which is no file.", "Take it out of the folder."
            )
        key = separator.join(file.relative_to(folder).parts)
        item: dict[str, Any] = {"key": key}
        if state == PRESENT:
            item["value_file"] = str(file)
        try:
            yield from_item(item, bucket, f"src {file}", state=state, purge=purge)
        except BadInput as error:
            raise BadInput(
                f"'src' {str(folder)!r}: {error.message}", f"{error.mend} The key is the file's name."
            ) from error


def _files(folder: Path) -> Iterator[Path]:
    """All that is in a folder and its folders; links to folders among them, into which nobody looks."""

    def unreadable(error: OSError) -> None:
        raise BadInput(
            f"'src' {str(folder)!r}: {error.filename!r} cannot be read: {error.strerror}.",
            "Give a folder that can be read.",
        ) from error

    for place, folders, names in os.walk(folder, onerror=unreadable):
        yield from (Path(place, name) for name in names)
        yield from (Path(place, name) for name in folders if Path(place, name).is_symlink())


def _lines(text: str, bucket: str, option: str, state: str, purge: bool) -> Iterator[WantedEntry]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            item = json.loads(line, object_pairs_hook=_unique)
        except _Double as error:
            raise BadInput(f"'{option}' line {number} names {str(error)[:80]!r} twice.", "Leave one out.") from error
        except (ValueError, RecursionError) as error:
            raise BadInput(
                f"'{option}' line {number} is not JSON ({_place(error)}).",
                'Write an object a line, such as {"key": "a", "value": "b"}.',
            ) from error
        yield from_item(item, bucket, f"{option} line {number}", state=state, purge=purge)


def _parsed(text: str, path: str, suffix: str) -> Any:
    try:
        if suffix == ".json":
            return json.loads(text, object_pairs_hook=_unique)
        return _from_yaml(text)
    except _Double as error:
        raise BadInput(f"'src' {path!r} names the key {str(error)[:80]!r} twice.", "Leave one of them out.") from error
    except (ValueError, RecursionError) as error:
        raise BadInput(
            f"'src' {path!r} is not valid {suffix[1:].upper()} ({_place(error)}).", "Mend the file."
        ) from error


class _Double(Exception):
    """A mapping has a key twice, of which parsers keep the last in silence."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _Double(key)
        found[key] = value
    return found


def _from_yaml(text: str) -> Any:
    try:
        import yaml
    except ImportError as error:
        raise BadInput(
            "'src' in YAML needs the Python package 'PyYAML' where the module runs.",
            "Install it there, or write the file as JSON.",
        ) from error

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        """A safe loader that leaves dates as the text that they are."""

        yaml_implicit_resolvers: ClassVar = {
            first: [pair for pair in pairs if pair[0] != "tag:yaml.org,2002:timestamp"]
            for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
        }

    try:
        loader = Loader(text)
        node = loader.get_single_node()
        # Before merge keys are resolved, which repeats keys rightly.
        _refuse_doubles(node, yaml.MappingNode, yaml.ScalarNode, set())
        return None if node is None else loader.construct_document(node)
    except (_Double, RecursionError):
        raise
    except Exception as error:  # PyYAML raises a dozen types, and shows values in their words
        mark = getattr(error, "problem_mark", None)
        raise ValueError(f"line {mark.line + 1}" if mark else "a value is not of the type that it claims") from error


def _refuse_doubles(node: Any, mapping: type[Any], scalar: type[Any], seen: set[int]) -> None:
    if node is None or id(node) in seen or not isinstance(node.value, list):
        return
    seen.add(id(node))
    if isinstance(node, mapping):
        names = [(key.tag, key.value) for key, _unused in node.value if isinstance(key, scalar)]
        if len(set(names)) < len(names):
            raise _Double(next(value for tag, value in names if names.count((tag, value)) > 1))
    for item in node.value:
        for part in item if isinstance(item, tuple) else (item,):
            _refuse_doubles(part, mapping, scalar, seen)


def _place(error: BaseException) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"line {error.lineno}, column {error.colno}: {error.msg}"
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)
