#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Wait until a NATS release on Kubernetes is really ready."""

from __future__ import annotations

DOCUMENTATION = r"""
module: nats_rollout
short_description: Wait until a NATS release on Kubernetes is really ready
version_added: 0.1.0
description:
  - Waits until the StatefulSet of a Helm release of the NATS chart is at its newest revision, every pod is Ready, and
    every server answers V(ok) to C(/healthz), which tells that JetStream and its streams are well. nats-box is waited
    for, too.
  - Asks the servers through the API server, at the pods' monitor port; no port needs to be exposed.
  - When the time is up, the message says what is missing - no node for the pod and why, an image that cannot be
    pulled, the exit code of a container that crashes, a server that is not well.
  - Changes nothing.
author: The natsops.nats contributors (@natsops)
extends_documentation_fragment:
  - natsops.nats.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: N/A
    details: Changes nothing.
  idempotent:
    support: full
options:
  release:
    description: Name of the Helm release.
    type: str
    required: true
  namespace:
    description: Namespace of its objects.
    type: str
    required: true
  state:
    description: Wait until the release is V(ready), or until its pods are V(gone).
    type: str
    choices: [ready, gone]
    default: ready
  timeout:
    description: Seconds to wait.
    type: float
    default: 900.0
  kubeconfig:
    description:
      - Path of a kubeconfig file, or its content as a mapping.
      - Without it E(K8S_AUTH_KUBECONFIG), then E(KUBECONFIG), then C(~/.kube/config), then the service account of the
        pod in which the module runs.
    type: raw
  context:
    description: The context to use from the kubeconfig; its current one by default.
    type: str
notes:
  - Needs the permission C(list) on C(pods) and C(statefulsets). Where C(deployments), C(services) or
    C(persistentvolumeclaims) may not be listed, nats-box is not waited for, and the service and the volumes are not
    told. Where C(create) and C(get) on C(pods/portforward) are missing, or the monitor port is off or speaks TLS, the
    servers are not asked, and a warning says so.
requirements:
  - python >= 3.11
  - kubernetes >= 24.2
  - websockets >= 15
seealso:
  - module: natsops.nats.nats_release_plan
"""

EXAMPLES = r"""
- name: Wait until the servers of the release gsas can be used
  natsops.nats.nats_rollout:
    release: gsas
    namespace: default
    timeout: 300
  register: rollout

- name: Where it is
  ansible.builtin.debug:
    msg: "{{ rollout.url }} runs NATS {{ rollout.server_version }}"
"""

RETURN = r"""
release:
  description: The release.
  returned: success
  type: str
namespace:
  description: Its namespace.
  returned: success
  type: str
chart:
  description: The chart that the release is of, as its labels tell.
  returned: success
  type: str
  sample: nats-2.14.2
chart_version:
  description: The chart's version.
  returned: success
  type: str
  sample: 2.14.2
app_version:
  description: The version of NATS that the chart was made for.
  returned: success
  type: str
  sample: 2.14.2
service:
  description: The service for clients; null where there is none.
  returned: success
  type: str
  sample: gsas-nats
url:
  description: Where a client in the same namespace connects.
  returned: success
  type: str
  sample: nats://gsas-nats:4222
url_fqdn:
  description: Where a client in any namespace connects.
  returned: success
  type: str
  sample: nats://gsas-nats.default.svc:4222
pods:
  description: The servers' pods.
  returned: success
  type: list
  elements: str
  sample: [gsas-nats-0]
servers:
  description: The servers.
  returned: success
  type: list
  elements: dict
  contains:
    pod:
      description: In which it runs.
      type: str
    node:
      description: On which that runs.
      type: str
    restarts:
      description: How often its containers were started again.
      type: int
    name:
      description: Its own name. This and the following are null where it could not be asked.
      type: str
    version:
      description: Its version.
      type: str
    cluster:
      description: Name of its cluster, null for a single server.
      type: str
    jetstream:
      description: Whether JetStream is on.
      type: bool
    config_digest:
      description: Digest of the configuration that it runs with, from 2.11 on.
      type: str
server_version:
  description: Version of the servers, several with commas between them, null where it could not be asked.
  returned: success
  type: str
  sample: 2.14.2
jetstream:
  description:
    - Whether JetStream is C(enabled) on every server, and the C(storage) that it offers (V(file) or V(memory)).
  returned: success
  type: dict
monitored:
  description: Whether the servers were asked.
  returned: success
  type: bool
nats_box:
  description: Whether nats-box is C(deployed), and its C(pod) that is ready.
  returned: success
  type: dict
volumes:
  description: The volume claims of the release; null where they may not be listed.
  returned: success
  type: list
  elements: str
  sample: [gsas-nats-js-gsas-nats-0]
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.releases.rollout_job import RolloutJob
from ..module_utils.run import run

ARGUMENT_SPEC = dict(
    release=dict(type="str", required=True),
    namespace=dict(type="str", required=True),
    state=dict(type="str", choices=["ready", "gone"], default="ready"),
    timeout=dict(type="float", default=900.0),
    kubeconfig=dict(type="raw"),
    context=dict(type="str"),
)


def main() -> None:
    """Runs the module."""
    run(AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True), RolloutJob)


if __name__ == "__main__":
    main()
