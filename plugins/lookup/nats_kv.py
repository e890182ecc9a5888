# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values of a NATS key/value bucket, in templates."""

from __future__ import annotations

DOCUMENTATION = r"""
name: nats_kv
short_description: Values of a NATS key/value bucket
version_added: 0.1.0
description:
  - Reads the values of keys, or whole buckets, with one connection for all the terms of a lookup.
  - Runs on the controller. Values are never evaluated as templates.
author: The natsops.nats contributors (@natsops)
extends_documentation_fragment:
  - natsops.nats.connection
  - natsops.nats.connection.plugins
options:
  _terms:
    description:
      - Keys, each of which gives its value. A filter, in which V(*) stands for one token between dots and a last V(>)
        for all that follow, gives a mapping of the keys that it takes in, deleted ones left out.
      - Without any term, the whole bucket as a mapping.
    type: list
    elements: str
  bucket:
    description: Name of the bucket.
    type: str
    required: true
  form:
    description:
      - What the values are given as - V(text), decoded from V(json), or as V(base64) for bytes that are no text.
    type: str
    choices: [text, json, base64]
    default: text
  default:
    description: What is given for a key that has no value. Without it, the lookup fails there.
    type: raw
seealso:
  - module: natsops.nats.nats_kv_info
"""

EXAMPLES = r"""
- name: One value
  ansible.builtin.debug:
    msg: "{{ lookup('natsops.nats.nats_kv', 'foo', bucket='test', servers=['nats://127.0.0.1:4222']) }}"

- name: A value that was stored as JSON, from a NATS inside Kubernetes
  ansible.builtin.debug:
    msg: "{{ limits.requests }}"
  vars:
    nats: {release: gsas}
    limits: "{{ lookup('natsops.nats.nats_kv', 'app.limits', bucket='settings', form='json', kubernetes=nats) }}"

- name: Several values over one connection, with a default
  ansible.builtin.debug:
    msg: "{{ query('natsops.nats.nats_kv', 'app.name', 'app.colour', bucket='settings', default='none') }}"

- name: Everything below app as a mapping, and the whole bucket
  ansible.builtin.debug:
    msg:
      - "{{ lookup('natsops.nats.nats_kv', 'app.>', bucket='settings') }}"
      - "{{ lookup('natsops.nats.nats_kv', bucket='settings') }}"
  vars:
    # Connection options for every lookup in sight.
    natsops_nats_servers: [tls://nats.example.com:4222]
    natsops_nats_creds_file: /etc/nats/ops.creds
"""

RETURN = r"""
_raw:
  description: A value a term; a mapping for a filter.
  type: list
  elements: raw
"""

import asyncio
import os
from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

from ..module_utils.connection.options import SPEC, from_params
from ..module_utils.errors import NatsOpsError
from ..module_utils.kv_values import NO_DEFAULT, values


class LookupModule(LookupBase):
    """The lookup."""

    def run(self, terms: list[Any], variables: Any = None, **kwargs: Any) -> list[Any]:
        """One value a term."""
        self.set_options(var_options=variables, direct=kwargs)
        default = self.get_option("default") if "default" in kwargs else NO_DEFAULT
        try:
            connection = from_params({name: self.get_option(name) for name in SPEC}, os.environ)
            found = values(
                connection,
                self.get_option("bucket"),
                [str(term) for term in terms] or [">"],
                form=self.get_option("form"),
                default=default,
            )
            return asyncio.run(found)
        except NatsOpsError as error:
            raise AnsibleLookupError(f"natsops.nats.nats_kv: {error}") from error
