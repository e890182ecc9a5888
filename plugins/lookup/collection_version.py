# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The version of an installed collection."""

from __future__ import annotations

DOCUMENTATION = r"""
name: collection_version
short_description: The version of an installed collection
version_added: 0.1.0
description:
  - Reads the version of a collection that the controller would use, from wherever it is installed.
author: The natsops.nats contributors (@natsops)
options:
  _terms:
    description: Names of collections, such as V(kubernetes.core).
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Which kubernetes.core is used
  ansible.builtin.debug:
    msg: "{{ lookup('natsops.nats.collection_version', 'kubernetes.core') }}"
"""

RETURN = r"""
_raw:
  description: The versions; an empty text for a collection that is not installed, V(*) for one that does not say.
  type: list
  elements: str
"""

import importlib
import json
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase


class LookupModule(LookupBase):
    """The lookup."""

    def run(self, terms: list[Any], variables: Any = None, **kwargs: Any) -> list[str]:
        """One version a term."""
        self.set_options(var_options=variables, direct=kwargs)
        return [_version(str(term)) for term in terms]


def _version(collection: str) -> str:
    parts = collection.split(".")
    if len(parts) != 2 or not all(part.isidentifier() for part in parts):
        raise AnsibleLookupError(f"{collection!r} is no name of a collection. Write it as namespace.name.")
    try:
        package = importlib.import_module(f"ansible_collections.{collection}")
    except ImportError:
        return ""
    for folder in map(Path, package.__path__):
        manifest, galaxy = folder / "MANIFEST.json", folder / "galaxy.yml"
        if manifest.is_file():
            return str(json.loads(manifest.read_text(encoding="utf-8"))["collection_info"]["version"])
        if galaxy.is_file():
            import yaml

            return str(yaml.safe_load(galaxy.read_text(encoding="utf-8"))["version"] or "*")
    return "*"
