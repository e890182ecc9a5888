#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read NATS key/value buckets and their entries."""

from __future__ import annotations

DOCUMENTATION = r"""
module: nats_kv_info
short_description: Read NATS key/value buckets and their entries
version_added: 0.1.0
description:
  - Lists the key/value buckets of the account, or describes one - settings, state, where it is and how its replicas are
    - and, where they are asked for, its keys, values or history. Changes nothing.
author: The natsops.nats contributors (@natsops)
extends_documentation_fragment:
  - natsops.nats.connection
  - natsops.nats.attributes
  - natsops.nats.attributes.actiongroup_nats
attributes:
  check_mode:
    support: full
  diff_mode:
    support: N/A
    details: Changes nothing.
  idempotent:
    support: full
options:
  bucket:
    description: Name of the one bucket to describe; all of them by default. A missing one is no error.
    type: str
  entries:
    description:
      - What is returned of the entries. With V(keys) all but the values, with V(values) these too, with V(history)
        every revision that is kept, tombstones included, in the order in which they were written.
      - They are at least as new as what the leader of the bucket's stream held when the task began.
    type: str
    choices: [none, keys, values, history]
    default: none
  filter:
    description: Which keys. A key in which V(*) stands for one token between dots, and a last V(>) for all that follow,
      such as V(app.>).
    type: str
    default: '>'
  deleted:
    description: Also return keys that were deleted, purged, or have expired, of which a marker is left.
    type: bool
    default: false
seealso:
  - module: natsops.nats.nats_kv
"""

EXAMPLES = r"""
- name: All buckets
  natsops.nats.nats_kv_info:
    kubernetes:
      release: gsas
  register: store

- name: Their names
  ansible.builtin.debug:
    msg: "{{ store.buckets | map(attribute='name') }}"

- name: The values below app
  natsops.nats.nats_kv_info:
    bucket: settings
    entries: values
    filter: app.>
  register: app

- name: As a mapping
  ansible.builtin.debug:
    msg: "{{ app.buckets[0].entries | items2dict(key_name='key', value_name='value') }}"

- name: Who wrote what when
  natsops.nats.nats_kv_info:
    bucket: settings
    entries: history
    filter: app.limits
"""

RETURN = r"""
buckets:
  description: The buckets, by name, each as in RV(natsops.nats.nats_kv#module:bucket).
  returned: success
  type: list
  elements: dict
  contains:
    entries:
      description: By key, or by revision with O(entries=history), each as in RV(natsops.nats.nats_kv#module:entry).
      returned: O(entries) is not V(none)
      type: list
      elements: dict
server:
  description: The server that answered - its C(name), C(version) and C(cluster).
  returned: success
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.connection.options import SPEC as CONNECTION_SPEC
from ..module_utils.kv_info import KvInfoJob
from ..module_utils.run import run

ARGUMENT_SPEC = dict(
    bucket=dict(type="str"),
    entries=dict(type="str", choices=["none", "keys", "values", "history"], default="none"),
    filter=dict(type="str", default=">"),
    deleted=dict(type="bool", default=False),
    **CONNECTION_SPEC,
)


def main() -> None:
    """Runs the module."""
    run(AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True), KvInfoJob)


if __name__ == "__main__":
    main()
