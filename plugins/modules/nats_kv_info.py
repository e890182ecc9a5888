#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read the settings and the state of NATS key/value buckets."""

from __future__ import annotations

DOCUMENTATION = r"""
module: nats_kv_info
short_description: Read the settings and the state of NATS key/value buckets
version_added: 0.1.0
description:
  - Lists the key/value buckets of the account, or describes one. Changes nothing.
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
"""

RETURN = r"""
buckets:
  description: The buckets, by name, each as in RV(natsops.nats.nats_kv#module:bucket).
  returned: success
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
    **CONNECTION_SPEC,
)


def main() -> None:
    """Runs the module."""
    run(AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True), KvInfoJob)


if __name__ == "__main__":
    main()
