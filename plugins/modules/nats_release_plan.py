#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Say what has to be done to have a NATS release on Kubernetes."""

from __future__ import annotations

DOCUMENTATION = r"""
module: nats_release_plan
short_description: Say what has to be done to have a NATS release on Kubernetes
version_added: 0.1.0
description:
  - Compares the Helm release of the NATS chart that is wanted with the one that is there, looks at the cluster, and
    says what has to be done. Changes nothing, in check mode or not.
  - Fails, before anything is changed, where it cannot work - versions of Helm and kubernetes.core that do not fit each
    other, a cluster that cannot be reached, a missing namespace, a volume without a StorageClass, a release that a
    killed run left behind, another chart under the release's name.
  - In diff mode it prints chart, version and values before and after, with secrets masked.
  - The role P(natsops.nats.nats#role) acts on its answer.
author: The natsops.nats contributors (@natsops)
extends_documentation_fragment:
  - natsops.nats.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  release:
    description: Name of the Helm release.
    type: str
    required: true
  namespace:
    description: Namespace of the release.
    type: str
    required: true
  state:
    description: Whether the release is to be there.
    type: str
    choices: [present, absent]
    default: present
  create_namespace:
    description: Whether a missing namespace will be made.
    type: bool
    default: false
  chart_ref:
    description:
      - The chart, as C(repository/chart), as V(oci://...), as a URL of a packed chart, or as the path of a folder or
        a packed chart. Required with O(state=present).
    type: str
  chart_version:
    description:
      - The chart's version. Without it, or with a range, only Helm can tell whether an upgrade changes anything.
    type: str
  chart_repo_url:
    description: Address of the repository that O(chart_ref) names by its alias.
    type: str
  repositories:
    description: The repositories that Helm knows, as C(helm repo list --output json) lists them.
    type: list
    elements: dict
    default: []
  values:
    description: The chart values, merged.
    type: dict
    default: {}
  deployed:
    description:
      - What M(kubernetes.core.helm_info) returned as C(status), asked for every state; empty where there is no
        release.
    type: dict
    default: {}
  needs_jetstream:
    description: Whether the key/value store is to be verified, so that values which leave JetStream off are refused.
    type: bool
    default: false
  helm_version:
    description: What C(helm version --short) says.
    type: str
    required: true
  kubernetes_core_version:
    description: Version of the collection kubernetes.core; empty where it is missing.
    type: str
    required: true
  plain_http:
    description: Whether the chart is fetched from a registry without TLS.
    type: bool
    default: false
  kubeconfig:
    description:
      - Path of a kubeconfig file, or its content as a mapping.
      - Without it E(K8S_AUTH_KUBECONFIG), then E(KUBECONFIG), then C(~/.kube/config), then the service account of the
        pod in which the module runs.
    type: raw
  context:
    description: The context to use from the kubeconfig; its current one by default.
    type: str
  timeout:
    description: Seconds in which the whole task must be done.
    type: float
    default: 30.0
requirements:
  - python >= 3.11
  - kubernetes >= 24.2
seealso:
  - module: natsops.nats.nats_rollout
  - module: kubernetes.core.helm_info
"""

EXAMPLES = r"""
- name: The release as Helm knows it
  kubernetes.core.helm_info:
    release_name: gsas
    release_namespace: default
    release_state: [deployed, failed, pending, superseded, uninstalled, uninstalling]
  register: there
  no_log: true

- name: What would a newer chart change
  natsops.nats.nats_release_plan:
    release: gsas
    namespace: default
    chart_ref: nats/nats
    chart_version: 2.14.2
    chart_repo_url: https://nats-io.github.io/k8s/helm/charts/
    values:
      config:
        jetstream:
          enabled: true
    deployed: "{{ there.status | default({}) }}"
    helm_version: v3.17.2
    kubernetes_core_version: 6.2.0
  diff: true
"""

RETURN = r"""
action:
  description:
    - V(none), V(install), V(upgrade), V(retry) (the last run failed with what is wanted now), V(replace) (only the
      history of an uninstalled release is there), or V(uninstall).
    - V(upgrade) with RV(would_change=false) means that only Helm can tell.
  returned: success
  type: str
would_change:
  description: Whether the release is known to change.
  returned: success
  type: bool
differences:
  description: Which of V(chart), V(chart_version) and V(values) differ.
  returned: success
  type: list
  elements: str
state:
  description: State of the release that is there, in Helm's words, or V(absent).
  returned: success
  type: str
  sample: deployed
deployed:
  description: The release that is there - C(chart), C(chart_version), C(app_version), C(revision).
  returned: success
  type: dict
chart:
  description: The chart that is wanted - its C(kind), C(name), and C(version) where it is known.
  returned: success
  type: dict
repository:
  description:
    - The Helm repository - whether it is C(needed) and C(present), its C(name), its C(url) without a trailing slash,
      the C(chart) in it.
  returned: success
  type: dict
create_namespace:
  description: Whether the namespace is missing and will be made.
  returned: success
  type: bool
names:
  description:
    - What the release's objects are called - C(fullname), C(namespace), C(stateful_set), C(service), C(url),
      C(url_fqdn).
  returned: success
  type: dict
servers:
  description: How many servers the values ask for.
  returned: success
  type: int
jetstream:
  description: Whether the values switch JetStream on.
  returned: success
  type: bool
volumes:
  description: The volume claims that the servers will have.
  returned: success
  type: list
  elements: str
kubernetes_version:
  description: Version of the API server; empty where it may not be read.
  returned: success
  type: str
storage_classes:
  description:
    - The storage classes - C(name), C(default), C(expandable), C(provisioner); null where they may not be listed.
  returned: success
  type: list
  elements: dict
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.releases.plan_job import ReleasePlanJob
from ..module_utils.run import run

# no_log on the values keeps them out of the host's system log, into which Ansible writes a module's parameters.
ARGUMENT_SPEC = dict(
    release=dict(type="str", required=True),
    namespace=dict(type="str", required=True),
    state=dict(type="str", choices=["present", "absent"], default="present"),
    create_namespace=dict(type="bool", default=False),
    chart_ref=dict(type="str"),
    chart_version=dict(type="str"),
    chart_repo_url=dict(type="str"),
    repositories=dict(type="list", elements="dict", default=[]),
    values=dict(type="dict", default={}, no_log=True),
    deployed=dict(type="dict", default={}, no_log=True),
    needs_jetstream=dict(type="bool", default=False),
    helm_version=dict(type="str", required=True),
    kubernetes_core_version=dict(type="str", required=True),
    plain_http=dict(type="bool", default=False),
    kubeconfig=dict(type="raw"),
    context=dict(type="str"),
    timeout=dict(type="float", default=30.0),
)


class Module(AnsibleModule):
    """Leaves the parameters out of the result: there, only what looks like a secret would be masked in the values."""

    def exit_json(self, **kwargs: Any) -> None:
        """As AnsibleModule does."""
        super().exit_json(invocation={}, **kwargs)

    def fail_json(self, msg: str, **kwargs: Any) -> None:
        """As AnsibleModule does."""
        super().fail_json(msg, invocation={}, **kwargs)


def main() -> None:
    """Runs the module."""
    module = Module(
        argument_spec=ARGUMENT_SPEC, required_if=[("state", "present", ["chart_ref"])], supports_check_mode=True
    )
    # The whole values would else be masked in what is returned, word by word ("10Gi"); the job names the secrets.
    module.no_log_values.clear()
    run(module, ReleasePlanJob)


if __name__ == "__main__":
    main()
