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
  - Makes, changes and deletes a bucket of the NATS key/value store, and the entries in it - one key, or as many as
    there are, in one task and without a round trip for each.
  - Reads back what it wrote, and compares it with what the leader of the bucket's stream holds, never with a replica
    that may lag.
  - Only the settings that are given are enforced; an existing bucket keeps its others.
  - A bucket that is a mirror shows the keys of its origin, and what is written to it is written to its origin.
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
    description:
      - Name of the one key that is meant. Letters, digits and C(-/_=.), no dot at either end, no two dots in a row.
      - Not together with O(entries) and O(src).
    type: str
  value:
    description:
      - What O(key) is to hold. With O(key) and O(state=present), one of O(value), O(value_base64), O(value_file) and
        O(revert) is required.
      - Text is stored as it is, in UTF-8. Numbers, booleans, lists and mappings are stored as JSON with sorted keys
        and no spaces, and compared as JSON with what is there.
      - YAML reads V(1.50) as a number and V(yes) as a boolean; quote what is to stay text.
    type: raw
  value_base64:
    description: The bytes that O(key) is to hold, in base64.
    type: str
  value_file:
    description: A file whose bytes O(key) is to hold, on the machine on which the module runs.
    type: path
  revert:
    description:
      - A revision in the history of O(key) whose value it is to have again, as a new revision. Where it has that value
        already, nothing changes.
    type: int
  key_ttl:
    description:
      - How long O(key) lives, in whole seconds, such as V(90s) or V(36h); V(unlimited) for as long as the bucket keeps
        it. Without it a key that has the wanted value keeps what it has, and one that is written gets no limit.
      - A key that has the wanted value and the same time to live is left alone; its time is not renewed.
      - With O(state=absent) and O(purge), how long the marker of the purge stays.
      - Where the bucket has a O(history) and no O(limit_marker_ttl), the revision before comes to light when a key
        expires.
      - Needs O(allow_msg_ttl), which a new bucket gets by itself.
    type: str
  revision:
    description:
      - Write or delete O(key) only if this is its newest revision; V(0) only if it does not exist. The server compares
        as well, so that no other writer comes in between.
      - Where the key is as wanted already, its revision does not matter.
    type: int
  entries:
    description:
      - Many keys at once, as a mapping of keys and values, or as a list of items.
      - An item has C(key), and as parts what the options of the same name say of one key - C(value), C(value_base64),
        C(value_file), C(revert), C(revision), C(state), C(purge), and C(ttl), which is what O(key_ttl) is for one key.
      - A mapping or list given as text, such as from a template, is no mapping or list; use a native one.
    type: raw
  src:
    description:
      - A file or folder on the machine on which the module runs, whose entries are added to those of O(entries).
      - A file that ends in C(.yml), C(.yaml) or C(.json) holds what O(entries) does. One that ends in C(.jsonl) or
        C(.ndjson) holds an item a line.
      - In a folder every file is a key, called by its path within the folder, and its bytes are the value.
    type: path
  src_separator:
    description: What stands in the keys between the folders of O(src).
    type: str
    choices: ['/', '.']
    default: /
  exclusive:
    description:
      - Remove the keys that neither O(entries) nor O(src) lists. Nothing that O(filter) does not take in is touched.
      - With no key to keep at all, refused without O(allow_data_loss).
    type: bool
    default: false
  filter:
    description:
      - Which keys O(exclusive) and O(compact) may remove. A key in which V(*) stands for one token between dots, and a
        last V(>) for all that follow, such as V(app.>).
    type: str
    default: '>'
  purge:
    description:
      - Remove keys with their earlier revisions, rather than by a marker behind which the history keeps them. For
        O(state=absent) and O(exclusive).
    type: bool
    default: false
  compact:
    description:
      - Remove the markers of keys that were deleted, purged or have expired longer ago than this, such as V(30m), with
        all that is behind them; V(0s) for all. The server's clock counts. Not on a mirror.
    type: str
  atomic:
    description:
      - Write all the entries or none, in one atomic batch of at most 1000. Needs nats-server 2.12 or newer, and
        O(allow_atomic), which a new bucket gets by itself.
      - Making or changing the bucket itself comes before, and stays.
    type: bool
    default: false
  sensitive:
    description:
      - Never show a value - not in the result, not in a diff, not in an error, not in the parameters that Ansible
        prints. The result's RV(entry.value) is then null.
    type: bool
    default: false
  state:
    description:
      - With V(present), the bucket is there with the given settings, and so are the keys with their values. A missing
        bucket is made.
      - With V(absent) and O(key), O(entries) or O(src), these keys have no value; the bucket's history keeps their
        earlier ones, unless O(purge) is set.
      - With V(absent) and none of these, the bucket is gone, with all that was in it. One that holds something is only
        deleted with O(allow_data_loss), since entries that are empty by mistake look the same.
    type: str
    choices: [present, absent]
    default: present
  verify:
    description: Read back what was written, compare bytes and revision, and fail where they differ.
    type: bool
    default: true
  allow_data_loss:
    description:
      - Allow changes of an existing bucket that make the server drop entries (a lower O(history), a shorter O(ttl)),
        that make them less safe (fewer O(replicas)) or shut out new ones (O(max_bytes) below what is stored), and
        O(exclusive) with nothing to keep, and the deletion of a bucket that holds something. Without it they are
        refused. Meant for one run, never for a default.
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
    description: How many servers hold the bucket, 1 to 5; 3 survive the loss of one. A new bucket has 1.
    type: int
  max_bytes:
    description:
      - The most that the bucket may hold in all, such as V(1Gi), V(64KiB), V(10MB), or a number of bytes; V(unlimited)
        for no limit, as a new bucket has it.
    type: str
  max_value_size:
    description: The largest entry, headers included, in the same form as O(max_bytes).
    type: str
  compression:
    description: How the bucket is compressed on disk. A new bucket is not.
    type: str
    choices: [none, s2]
  metadata:
    description: Names and texts to keep with the bucket, in the place of those that it has; C({}) for none. Those of
      the server itself, which begin with C(_nats.), are left alone.
    type: dict
  placement:
    description: Where the bucket is to be; C({}) for anywhere.
    type: dict
    suboptions:
      cluster:
        description: Name of the cluster.
        type: str
      tags:
        description: Tags that its servers must have, all of them.
        type: list
        elements: str
  republish:
    description: Publish again what is written, for subscribers that know nothing of buckets; C({}) for not.
    type: dict
    suboptions:
      source:
        description: Which subjects, such as V($KV.settings.>), or V(>) for all. Required.
        type: str
      destination:
        description: Where to, such as V(settings.>). Required.
        type: str
      headers_only:
        description: Leave the values out.
        type: bool
  mirror:
    description:
      - Make the bucket a copy of another one, which the server keeps up. Its keys are those of the origin, and what is
        written to it is written there.
      - The entries of a new mirror are for a task of their own, since what the origin holds is not there before.
      - Only a new bucket can be made a mirror, and a mirror remains one. It has no O(limit_marker_ttl) and no
        O(allow_atomic).
      - The server lets a mirror answer direct reads of an origin in the same domain, so that there it has to hold the
        same. A new one gets the O(ttl), O(history) and O(allow_msg_ttl) of its origin; another O(ttl) or a lower
        O(history) is refused. O(mirror.filter), O(mirror.start_revision) and O(mirror.start_time) are for origins
        elsewhere; for a part use O(sources).
      - Clients that do not know of mirrors, the nats CLI among them, do not find the keys of one whose origin is in the
        same domain.
    type: dict
    suboptions:
      bucket:
        description: Its name.
        type: str
      domain:
        description: The JetStream domain in which it is, where that is another one.
        type: str
      api_prefix:
        description: The prefix of the JetStream API through which it is reached, in the place of a domain.
        type: str
      deliver_prefix:
        description: The prefix of the subjects on which its entries are delivered, where an import asks for one.
        type: str
      filter:
        description: Which of its keys, in the form of O(filter); all of them by default.
        type: str
      start_revision:
        description: The first of its revisions that is taken over.
        type: int
      start_time:
        description: Take over what was written from this time on, such as V(2026-11-24T02:00:00Z).
        type: str
  sources:
    description:
      - Buckets whose keys are copied into this one, which the server keeps up; V([]) for none. What was copied stays
        when a source is taken away.
      - From a mirror nothing comes; name its origin.
    type: list
    elements: dict
    suboptions:
      bucket:
        description: Its name.
        type: str
      domain:
        description: The JetStream domain in which it is, where that is another one.
        type: str
      api_prefix:
        description: The prefix of the JetStream API through which it is reached, in the place of a domain.
        type: str
      deliver_prefix:
        description: The prefix of the subjects on which its entries are delivered, where an import asks for one.
        type: str
      filter:
        description: Which of its keys, in the form of O(filter); all of them by default.
        type: str
      start_revision:
        description: The first of its revisions that is taken over.
        type: int
      start_time:
        description: Take over what was written from this time on, such as V(2026-11-24T02:00:00Z).
        type: str
  limit_marker_ttl:
    description:
      - Leave a marker where a key expires, so that watchers see it, for so long, in whole seconds, such as V(1h);
        V(unlimited) for no markers, as a new bucket has it.
      - Switches O(allow_msg_ttl) on. Needs nats-server 2.11 or newer.
    type: str
  allow_msg_ttl:
    description:
      - Let keys have a time to live of their own. Cannot be switched off again. Needs nats-server 2.11 or newer.
      - A bucket with O(sources) keeps for ever the keys that expire in these unless it allows this too, or they have a
        O(limit_marker_ttl).
    type: bool
  allow_atomic:
    description: Let many entries be written all or none (O(atomic)). Needs nats-server 2.12 or newer.
    type: bool
  allow_direct:
    description: Let every server that holds the bucket answer reads, which may then lag. A new bucket does.
    type: bool
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

- name: A secret, which nothing shows
  natsops.nats.nats_kv:
    bucket: settings
    key: welcome/password
    value: "{{ vaulted_password }}"
    sensitive: true

- name: Many keys, two of them not text
  natsops.nats.nats_kv:
    bucket: settings
    entries:
      app.name: welcome
      app.limits: {requests: 100, burst: 20}
      app.workers: 4

- name: What a folder holds, and nothing else below app
  natsops.nats.nats_kv:
    bucket: settings
    src: /etc/welcome/settings
    src_separator: .
    exclusive: true
    filter: app.>

- name: All or none, and only if nobody has been here since
  natsops.nats.nats_kv:
    bucket: settings
    atomic: true
    entries:
      - key: app.primary
        value: east
        revision: 17
      - key: app.switched
        value: "{{ now(utc=true).isoformat() }}"
      - key: app.draining
        value: west
        ttl: 10m
      - key: app.old
        state: absent

- name: Back to what a key held at revision 12
  natsops.nats.nats_kv:
    bucket: settings
    key: app.limits
    revert: 12

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
        allow_data_loss: true
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
      description: Revisions kept of a key, -1 for all, as only a stream has it that was not made as a bucket.
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
    compression:
      description: V(none) or V(s2).
      type: str
    metadata:
      description: What was set as O(metadata).
      type: dict
    placement:
      description: Where it is to be - C(cluster), empty for any, and C(tags).
      type: dict
    republish:
      description: C(source), C(destination) and C(headers_only), or empty.
      type: dict
    mirror:
      description: What it mirrors, in the form of O(mirror), with a domain as C(api_prefix); empty where it does not.
      type: dict
    sources:
      description: Its sources, each in the form of O(sources). C(unreadable) is true for one whose keys do not become
        keys of this bucket.
      type: list
      elements: dict
    limit_marker_ttl:
      description: Seconds that a marker of an expired key stays, 0 where none is left.
      type: float
    allow_msg_ttl:
      description: Whether keys may have a time to live of their own.
      type: bool
    allow_atomic:
      description: Whether it takes atomic batches.
      type: bool
    allow_direct:
      description: Whether every server that holds it answers reads.
      type: bool
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
          description: The other servers that hold it, each with C(name), C(current), C(offline), C(lag) (operations
            behind) and C(active) (seconds since it was last heard of).
          type: list
          elements: dict
    origins:
      description: How far the mirror or each source is - C(name) of the bucket, C(lag) in entries, C(active) (seconds
        since it was last heard of, -1 for never) and C(error).
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
      description: Its value where that is text; null for a deleted key, for bytes that are no text, and with
        O(sensitive).
      type: str
      sample: bar
    value_base64:
      description: The value of a key whose bytes are no text.
      type: str
    size:
      description: Bytes of the value.
      type: int
      sample: 3
    revision:
      description: Its revision; null where the key was never written, and in check mode where it would be.
      type: int
      sample: 1
    operation:
      description: V(PUT), V(DEL) or V(PURGE); null where the key was never written.
      type: str
      sample: PUT
    marker:
      description: Why the server itself removed the value - V(MaxAge) for a key that has expired, V(Remove) or
        V(Purge); null where it did not.
      type: str
    ttl:
      description: Seconds that the key was given to live, 0 for no limit of its own.
      type: int
    created:
      description: When the revision was made.
      type: str
entries:
  description: The keys that were written or removed, or would be; in a failure those that had been by then. Those that
    were as wanted already are not listed.
  returned: always
  type: list
  elements: dict
  contains:
    key:
      description: The key.
      type: str
    change:
      description: V(created), V(updated), V(deleted) or V(purged).
      type: str
    operation:
      description: V(PUT), V(DEL) or V(PURGE).
      type: str
    revision:
      description: The revision that the server gave it; null in check mode.
      type: int
unknown:
  description: Keys of which no answer came, so that nobody can say whether they were written. Run again - what is there
    is then read first.
  returned: failure
  type: list
  elements: str
summary:
  description: How many keys were or would be C(created), C(updated), C(deleted), C(purged), C(compacted) (their markers
    removed), and how many of those that were listed were C(unchanged).
  returned: success
  type: dict
  sample: {"created": 2, "updated": 1, "deleted": 0, "purged": 0, "compacted": 0, "unchanged": 97}
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

ORIGIN = dict(
    bucket=dict(type="str"),
    domain=dict(type="str"),
    api_prefix=dict(type="str"),
    deliver_prefix=dict(type="str"),
    filter=dict(type="str"),
    start_revision=dict(type="int"),
    start_time=dict(type="str"),
)

# no_log on the values keeps them out of the host's system log, into which Ansible writes a module's parameters.
ARGUMENT_SPEC = dict(
    bucket=dict(type="str", required=True),
    key=dict(type="str", no_log=False),
    value=dict(type="raw", no_log=True),
    value_base64=dict(type="str", no_log=True),
    value_file=dict(type="path"),
    revert=dict(type="int"),
    key_ttl=dict(type="str", no_log=False),
    revision=dict(type="int"),
    entries=dict(type="raw", no_log=True),
    src=dict(type="path"),
    src_separator=dict(type="str", choices=["/", "."], default="/"),
    exclusive=dict(type="bool", default=False),
    filter=dict(type="str", default=">"),
    purge=dict(type="bool", default=False),
    compact=dict(type="str"),
    atomic=dict(type="bool", default=False),
    sensitive=dict(type="bool", default=False),
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
    compression=dict(type="str", choices=["none", "s2"]),
    metadata=dict(type="dict"),
    placement=dict(type="dict", options=dict(cluster=dict(type="str"), tags=dict(type="list", elements="str"))),
    republish=dict(
        type="dict",
        options=dict(source=dict(type="str"), destination=dict(type="str"), headers_only=dict(type="bool")),
    ),
    mirror=dict(type="dict", options=ORIGIN),
    sources=dict(type="list", elements="dict", options=ORIGIN),
    limit_marker_ttl=dict(type="str"),
    allow_msg_ttl=dict(type="bool"),
    allow_atomic=dict(type="bool"),
    allow_direct=dict(type="bool"),
    **CONNECTION_SPEC,
)


def main() -> None:
    """Runs the module."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    # The values would else be masked in what is returned, word by word ("true"); the job names the secrets.
    module.no_log_values.clear()
    run(module, KvJob)


if __name__ == "__main__":
    main()
