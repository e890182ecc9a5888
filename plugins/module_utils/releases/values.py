# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Chart values: read from texts as Helm reads them, merged as Helm merges them, and shown without their secrets."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ..errors import BadInput

Values = dict[str, Any]

MASK = "********"

# Parts of a key that tell that its value is a secret: of nats.conf, of the chart, and of environment variables.
_SECRET_KEY = re.compile(
    r"passw|passphrase|(^|[_-])pass$|(^|[_-])pw$|token|secret|seed|creds|credential|nkey|jwt|resolver_preload"
    r"|(api|private|access|encryption)_?key|(^|[_-])prf$",
    re.IGNORECASE,
)
# Names of objects, files and folders, and switches: no secrets, wherever they stand.
_PLAIN_KEY = re.compile(r"^(enabled|name|dir|optional|mountPath|readOnly|.*(SecretName|secretName|Secrets?Names?))$")
_FILE_KEY = {"creds", "nkey", "secretKeyRef"}  # in them `key` names a file, or an entry of a Secret
# Below these stands what the chart hands on as it is: `enabled` is no switch of the chart there.
_HANDED_ON = {"env", "labels", "annotations", "merge", "patch", "extraResources"}
# The chart's way to name an environment variable.
_REFERENCE = re.compile(r"^\s*<<\s*\$[A-Za-z_][A-Za-z0-9_]*\s*>>\s*$")
_USER_IN_URL = re.compile(r"(?<=://)[^/@\s]+(?=@)")


def parse(text: str, origin: str) -> Values:
    """Reads one values text.

    The YAML is read as Helm reads it: `2024-01-01` and `12:30` are texts. An empty text is an empty mapping.

    Args:
        text: YAML or JSON.
        origin: The file's name, for messages.

    Raises:
        BadInput: With the file, the line and the column; or the text is no mapping.
    """
    import yaml

    try:
        read = yaml.load(text, Loader=_loader())  # noqa: S506 # a SafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        said = error.problem or error.context
        raise BadInput(f"The values file {origin}{where}: {said}.", _yaml_mend(error)) from error
    except yaml.YAMLError as error:
        raise BadInput(f"The values file {origin} is not YAML: {error}.", "Mend it there.") from error
    if read is None:
        return {}
    if not isinstance(read, dict):
        raise BadInput(
            f"The values file {origin} holds a {_kind(read)}, not a mapping.",
            "Write chart values, such as 'config: {jetstream: {enabled: true}}'.",
        )
    check(read, f"The values file {origin}")
    return read


def check(values: Mapping[str, Any], origin: str) -> None:
    """Finds what the chart would take in another sense than it reads.

    Raises:
        BadInput: A key is no text, or a switch `enabled` is a text (chart 2.14.2: any text switches on).
    """
    for path, key, value in _walk(values, ()):
        if not isinstance(key, str):
            raise BadInput(
                f"{origin}: the key {key!r} below '{dotted(path[:-1]) or 'the top'}' is a {_kind(key)}.", "Quote it."
            )
        if key == "enabled" and isinstance(value, str) and not _HANDED_ON.intersection(map(str, path)):
            raise BadInput(
                f"{origin}: '{dotted(path)}' is the text {value!r}, which the chart takes as true, whatever it says.",
                "Make it a boolean: leave out the quotes, or add the filter 'bool' to the template.",
            )


def merge(layers: Iterable[Mapping[str, Any]]) -> Values:
    """Merges layers as `helm -f a -f b` does: a later one wins.

    Mappings are merged key by key; all else, lists included, is replaced whole. A null stays, since Helm needs it to
    drop the chart's own default.
    """
    merged: Values = {}
    for layer in layers:
        merged = _merged(merged, layer)
    return merged


def at(values: Mapping[str, Any], *path: str, default: Any = None) -> Any:
    """The value under a path; the default where any part of it is missing or null."""
    found: Any = values
    for key in path:
        if not isinstance(found, Mapping) or found.get(key) is None:
            return default
        found = found[key]
    return found


def switched_on(values: Mapping[str, Any], *path: str, default: bool) -> bool:
    """Whether the chart takes the switch under the path as on. `default` is the chart's own."""
    return bool(at(values, *path, default=default))


def masked(values: Any) -> Any:
    """A copy with every secret masked: what stands under a key that names one, and passwords in URLs."""
    return _masked(values, None, secret=False)


def masked_pair(before: Any, after: Any) -> tuple[Any, Any]:
    """Both sides of a diff, masked, in which a secret that changes is still seen to change."""
    return masked(before), _marked(before, after, masked(after))


def secrets(values: Any) -> frozenset[str]:
    """All texts that masked() hides. For Ansible's own masking of what a task prints."""
    return frozenset(text for text in _secrets(values, None, secret=False) if text)


def scrubbed(text: str, hidden: Iterable[str]) -> str:
    """The text without the secrets in it; the longest first, since one may hold another."""
    for secret in sorted(hidden, key=len, reverse=True):
        text = text.replace(secret, MASK)
    return text


def dotted(path: Sequence[object]) -> str:
    """A path as Helm writes it."""
    return ".".join(str(part) for part in path)


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> Values:
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        merged[key] = _merged(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
    return merged


def _walk(value: Any, path: tuple[object, ...]) -> Iterator[tuple[tuple[object, ...], object, Any]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            here = (*path, key)
            yield here, key, item
            yield from _walk(item, here)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _walk(item, (*path, number))


def _below(parent: str | None, key: str, mapping: Mapping[str, Any], secret: bool) -> bool:
    """Whether what stands under `key` of a mapping is secret."""
    if _PLAIN_KEY.fullmatch(key) or (key == "key" and parent in _FILE_KEY):
        return False
    if key in ("data", "stringData") and (secret or mapping.get("kind") == "Secret"):
        return True
    if key == "value":  # an entry of a list of variables ({name, value}), or of a JSON patch ({op, path, value})
        return secret or bool(_SECRET_KEY.search(str(mapping.get("name") or mapping.get("path") or "")))
    return secret or bool(_SECRET_KEY.search(key))


def _masked(value: Any, parent: str | None, *, secret: bool) -> Any:
    if isinstance(value, Mapping):
        return {
            key: _masked(item, str(key), secret=_below(parent, str(key), value, secret)) for key, item in value.items()
        }
    if isinstance(value, list):
        return [_masked(item, parent, secret=secret) for item in value]
    if secret and _hides(value):
        return MASK
    return _USER_IN_URL.sub(MASK, value) if isinstance(value, str) else value


def _secrets(value: Any, parent: str | None, *, secret: bool) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _secrets(item, str(key), secret=_below(parent, str(key), value, secret))
    elif isinstance(value, list):
        for item in value:
            yield from _secrets(item, parent, secret=secret)
    elif secret and _hides(value):
        yield str(value)
    elif isinstance(value, str):
        yield from _USER_IN_URL.findall(value)


def _hides(value: Any) -> bool:
    """Whether a value under a secret key is worth hiding: a switch, nothing, and a reference are not."""
    if value is None or isinstance(value, bool) or value == "":
        return False
    return not (isinstance(value, str) and _REFERENCE.fullmatch(value))


def _marked(before: Any, after: Any, shown: Any) -> Any:
    """`shown`, which is `after` masked, with a note at each masked value that is not what it was."""
    if isinstance(after, Mapping) and isinstance(shown, Mapping):
        was = before if isinstance(before, Mapping) else {}
        return {key: _marked(was.get(key), after[key], shown[key]) for key in after}
    if isinstance(after, list) and isinstance(shown, list):
        was_list = before if isinstance(before, list) else []
        padded = [*was_list, *[None] * (len(after) - len(was_list))]
        return [_marked(b, a, s) for b, a, s in zip(padded, after, shown, strict=False)]
    if shown != after and before is not None and before != after:
        return f"{shown} (changed)"
    return shown


def _kind(value: object) -> str:
    names = {str: "text", bool: "boolean", int: "number", float: "number", list: "list", type(None): "null"}
    return names.get(type(value), type(value).__name__)


def _yaml_mend(error: Exception) -> str:
    if "!vault" in str(error):
        return "A values file can be encrypted as a whole (ansible-vault encrypt), or put the value into 'nats_values'."
    return "Mend it there."


@functools.cache
def _loader() -> Any:
    """A SafeLoader that reads what Go's YAML reads: no dates, no numbers to the base 60, no key twice."""
    import yaml

    class Loader(yaml.SafeLoader):
        pass

    def mapping(loader: Any, node: Any) -> Any:
        seen = set()
        for key_node, _unused in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                continue
            key = loader.construct_object(key_node, deep=True)
            if isinstance(key, (str, int, float, bool)) and (type(key), key) in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} is there twice", key_node.start_mark
                )
            seen.add((type(key), key) if isinstance(key, (str, int, float, bool)) else id(key_node))
        loader.flatten_mapping(node)
        return yaml.constructor.SafeConstructor.construct_mapping(loader, node, deep=True)

    Loader.add_constructor("tag:yaml.org,2002:map", mapping)
    Loader.yaml_implicit_resolvers = {
        first: [
            (tag, re.compile(_WITHOUT_BASE_60[tag], re.VERBOSE) if tag in _WITHOUT_BASE_60 else pattern)
            for tag, pattern in resolvers
            if tag != "tag:yaml.org,2002:timestamp"
        ]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    return Loader


_WITHOUT_BASE_60 = {
    "tag:yaml.org,2002:int": r"""^(?:[-+]?0b[0-1_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+)$""",
    "tag:yaml.org,2002:float": r"""^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)?
        |[-+]?\.[0-9][0-9_]*(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$""",
}
