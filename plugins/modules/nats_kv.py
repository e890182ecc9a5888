#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Manage NATS key/value buckets and their entries."""

from __future__ import annotations

DOCUMENTATION = r"""
module: nats_kv
short_description: Manage NATS key/value buckets and their entries
version_added: 0.1.0
description:
  - Makes, changes and deletes a bucket of the NATS key/value store, and puts or deletes a key in it.
  - Reads back what it wrote from the leader of the bucket's stream, never from a replica that may lag.
  - Only the settings that are given are enforced; an existing bucket keeps its others.
author: The natsops.nats contributors (@natsops)
extends_documentation_fragment:
  - natsops.nats.connection
  - natsops.nats.attributes
  - natsops.nats.attributes.actiongroup_nats
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  bucket:
    description: Name of the bucket. Letters, digits, C(_) and C(-).
    type: str
    required: true
  key:
    description: Name of the key. Letters, digits and C(-/_=.), no dot at either end, no two dots in a row.
    type: str
  value:
    description:
      - What the key is to hold. Required with O(key) and O(state=present).
      - Text is stored as it is, in UTF-8. Numbers, booleans, lists and mappings are stored as JSON with sorted keys
        and no spaces, and compared as JSON with what is there.
      - YAML reads V(1.50) as a number and V(yes) as a boolean; quote what is to stay text.
    type: raw
  state:
    description:
      - With V(present), the bucket is there with the given settings, and so is the key with its value. A missing bucket
        is made.
      - With V(absent) and O(key), the key has no value; the bucket's history keeps its earlier ones.
      - With V(absent) and no O(key), the bucket is gone, with all that was in it.
    type: str
    choices: [present, absent]
    default: present
  verify:
    description: Read back what was written, compare bytes and revision, and fail where they differ.
    type: bool
    default: true
  allow_data_loss:
    description:
      - Allow changes that make the server drop entries of an existing bucket - a lower O(history), a shorter O(ttl).
        Without it they are refused.
    type: bool
    default: false
  description:
    description: What the bucket is for.
    type: str
  history:
    description: How many revisions of a key are kept, 1 to 64. A new bucket keeps 1.
    type: int
  ttl:
    description:
      - How long an entry lives, such as V(90s), V(36h), V(7d), or a number of seconds; V(unlimited) for ever. The
        entries of a new bucket live for ever.
    type: str
  storage:
    description: Where entries are kept. Cannot be changed later. A new bucket uses V(file).
    type: str
    choices: [file, memory]
  replicas:
    description: How many servers hold the bucket, 1 to 5. A new bucket has 1.
    type: int
  max_bytes:
    description:
      - The most that the bucket may hold in all, such as V(1Gi), V(64KiB), V(10MB), or a number of bytes; V(unlimited)
        for no limit, as a new bucket has it.
    type: str
  max_value_size:
    description: The largest entry, in the same form as O(max_bytes).
    type: str
seealso:
  - module: natsops.nats.nats_kv_info
"""

EXAMPLES = r"""
- name: A bucket that keeps five revisions
  natsops.nats.nats_kv:
    servers: [nats://127.0.0.1:4222]
    bucket: settings
    history: 5
    max_bytes: 64MiB

- name: A key in a NATS inside Kubernetes, put and read back
  natsops.nats.nats_kv:
    kubernetes:
      namespace: default
      release: gsas
    bucket: test
    key: foo
    value: bar
  register: put

- name: Its revision
  ansible.builtin.debug:
    msg: "{{ put.entry.key }} is at revision {{ put.entry.revision }}"

- name: A mapping, stored as JSON
  natsops.nats.nats_kv:
    bucket: settings
    key: welcome/limits
    value:
      requests: 100
      burst: 20

- name: The same connection for all tasks
  module_defaults:
    group/natsops.nats.nats:
      servers: [tls://nats.example.com:4222]
      creds_file: /etc/nats/ops.creds
  block:
    - name: Delete a key
      natsops.nats.nats_kv:
        bucket: settings
        key: old
        state: absent

    - name: Delete a bucket with all that is in it
      natsops.nats.nats_kv:
        bucket: scratch
        state: absent
"""

RETURN = r"""
bucket:
  description:
    - The bucket as it is after the task, or, in check mode, the name and settings that it would have; null where it is
      gone.
  returned: success
  type: dict
  contains:
    name:
      description: Its name.
      type: str
    stream:
      description: The stream behind it.
      type: str
    description:
      description: What it is for.
      type: str
    history:
      description: Revisions kept of a key.
      type: int
    ttl:
      description: Seconds that an entry lives, 0 for ever.
      type: float
    storage:
      description: V(file) or V(memory).
      type: str
    replicas:
      description: Servers that hold it.
      type: int
    max_bytes:
      description: Most bytes in all, -1 for no limit.
      type: int
    max_value_size:
      description: Most bytes of an entry, -1 for no limit.
      type: int
    created:
      description: When it was made.
      type: str
    state:
      description: RV(bucket.state.values) stored (all revisions), RV(bucket.state.bytes), and the rest of its state.
      type: dict
      contains:
        values:
          description: Messages stored, all revisions and tombstones.
          type: int
        bytes:
          description: Bytes stored.
          type: int
        first_revision:
          description: The oldest revision stored.
          type: int
        last_revision:
          description: The newest revision.
          type: int
        keys:
          description: Keys stored, tombstones included.
          type: int
    cluster:
      description: Where it is.
      type: dict
      contains:
        name:
          description: The cluster's name, null on a single server.
          type: str
        leader:
          description: The server that leads the bucket's stream.
          type: str
        replicas:
          description: The other servers that hold it, each with C(name), C(current) and C(offline).
          type: list
          elements: dict
entry:
  description: The key as it is after the task, or would be; null where no O(key) was given.
  returned: success
  type: dict
  contains:
    key:
      description: The key.
      type: str
      sample: foo
    value:
      description: Its value where that is text; null for a deleted key and for bytes that are no text.
      type: str
      sample: bar
    value_base64:
      description: The value of a key whose bytes are no text.
      type: str
    revision:
      description: Its revision; null where the key was never written, and in check mode where it would be.
      type: int
      sample: 1
    operation:
      description: V(PUT), V(DEL) or V(PURGE); null where the key was never written.
      type: str
      sample: PUT
    created:
      description: When the revision was made.
      type: str
verified:
  description: Whether the result was read back from the leader and compared.
  returned: success
  type: bool
step:
  description: The step at which the task failed - V(input), V(look), V(plan), V(apply) or V(verify).
  returned: failure
  type: str
applied:
  description: What had been carried out when the task failed.
  returned: failure
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.connection.options import SPEC as CONNECTION_SPEC
from ..module_utils.kv import KvJob
from ..module_utils.run import run

ARGUMENT_SPEC = dict(
    bucket=dict(type="str", required=True),
    key=dict(type="str", no_log=False),
    value=dict(type="raw"),
    state=dict(type="str", choices=["present", "absent"], default="present"),
    verify=dict(type="bool", default=True),
    allow_data_loss=dict(type="bool", default=False),
    description=dict(type="str"),
    history=dict(type="int"),
    ttl=dict(type="str"),
    storage=dict(type="str", choices=["file", "memory"]),
    replicas=dict(type="int"),
    max_bytes=dict(type="str"),
    max_value_size=dict(type="str"),
    **CONNECTION_SPEC,
)


def main() -> None:
    """Runs the module."""
    run(AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True), KvJob)


if __name__ == "__main__":
    main()
