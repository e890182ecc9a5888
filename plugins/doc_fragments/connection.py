# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The connection options, documented once. A unit test compares them with module_utils/connection/options.py."""

from __future__ import annotations


class ModuleDocFragment:
    """How a module reaches NATS."""

    DOCUMENTATION = r"""
options:
  servers:
    description:
      - The servers to connect to, as V(nats://host:4222) or V(tls://host:4222). They are tried in this order.
      - Neither this nor O(kubernetes) given, those of O(nats_context) count, then the environment variable E(NATS_URL)
        of the machine on which the module runs, then E(NATS_CONTEXT), and without them V(nats://127.0.0.1:4222).
    type: list
    elements: str
  nats_context:
    description:
      - Name of a context of the C(nats) CLI, or, with a C(/) in it, the path of its file. It is read on the machine on
        which the module runs, from C($XDG_CONFIG_HOME/nats/context) or C(~/.config/nats/context).
      - For each matter - servers, authentication, TLS, JetStream's prefix, inboxes - it counts where no option is
        given, and before the environment. E(NATS_CONTEXT) names one that counts after the environment's other
        variables, as with the CLI. The context that was selected with C(nats context select) does not count.
      - Refused where it asks for what this collection cannot do - C(nsc), the 1Password CLI, a SOCKS proxy, or
        certificates of Windows.
    type: str
  domain:
    description: The JetStream domain in which the buckets are, such as that of the hub behind a leaf node.
    type: str
  api_prefix:
    description:
      - The prefix of the JetStream API, where an account imports it under another one. Not together with O(domain).
      - The import takes in the keys as well (C($KV.>) as C(<prefix>.$KV.>)), and the export of the API has
        C(response_type) V(stream), since many keys are read with one request.
    type: str
  inbox_prefix:
    description: The prefix of the subjects on which answers come, for users that may not subscribe to C(_INBOX.>),
      which is the default.
    type: str
  tls_first:
    description: Begin with TLS, before the server has said a word, as servers with C(handshake_first) want it.
    type: bool
  kubernetes:
    description:
      - Reach a NATS inside Kubernetes through the API server, as C(kubectl port-forward) does, without C(kubectl) and
        without an exposed port.
      - Picks a ready pod behind the service; when that pod dies, another one. Closed when the task ends.
      - Needs the permissions C(list) on C(endpointslices) and C(get) and C(create) on C(pods/portforward), and the
        Python packages C(kubernetes) and C(websockets).
      - Not together with O(servers).
    type: dict
    suboptions:
      kubeconfig:
        description:
          - Path of a kubeconfig file, or its content as a mapping.
          - Without it E(K8S_AUTH_KUBECONFIG), then E(KUBECONFIG), then C(~/.kube/config), then the service account of
            the pod in which the module runs.
        type: raw
      context:
        description: The context to use from the kubeconfig; its current one by default.
        type: str
      namespace:
        description: The namespace of the service; the context's own by default.
        type: str
      service:
        description: Name of the service, such as V(gsas-nats). Either this or O(kubernetes.release).
        type: str
      release:
        description: Name of the Helm release whose client service is meant. Either this or O(kubernetes.service).
        type: str
      port:
        description: The service's port.
        type: int
        default: 4222
  user:
    description:
      - User to authenticate as, together with O(password).
      - The environment (E(NATS_USER), E(NATS_PASSWORD), E(NATS_TOKEN), E(NATS_NKEY), E(NATS_CREDS)) counts only where
        none of the options to authenticate is given.
    type: str
  password:
    description: The password of O(user).
    type: str
  token:
    description: Token to authenticate with.
    type: str
  nkey_seed:
    description: Seed of the NKey to authenticate with; it begins with C(SU).
    type: str
  nkey_file:
    description: File that holds the seed of the NKey to authenticate with.
    type: path
  creds_file:
    description: Credentials file (JWT and seed) to authenticate with, as C(nsc) writes it.
    type: path
  creds:
    description: The content of such a file, in the place of O(creds_file). It is not written to a file.
    type: str
  tls_ca_file:
    description:
      - File with the CA certificates to trust, in PEM form; the system's by default. With this option, or with
        O(tls_cert_file), O(tls_first) or a V(tls://) URL, a server that offers no TLS is refused before anything is
        sent.
      - The environment (E(NATS_CA), E(NATS_CERT), E(NATS_KEY)) counts only where none of O(tls_ca_file),
        O(tls_cert_file) and O(tls_key_file) is given.
    type: path
  tls_cert_file:
    description: File with the client certificate, in PEM form, together with O(tls_key_file).
    type: path
  tls_key_file:
    description: File with the private key of O(tls_cert_file), in PEM form, without a passphrase.
    type: path
  tls_hostname:
    description: The name that the server's certificate must hold, where it is not the one in the URL.
    type: str
  timeout:
    description: Seconds in which the whole task must be done, connecting included.
    type: float
    default: 30.0
requirements:
  - python >= 3.11
  - nats-py >= 2.9
  - nkeys, for O(nkey_seed), O(nkey_file), O(creds_file) and O(creds)
  - kubernetes >= 24.2 and websockets >= 15, for O(kubernetes)
"""

    # For lookups, beside the first part: variables that say the same for every lookup in sight.
    PLUGINS = r"""
options:
  servers:
    vars:
      - name: natsops_nats_servers
  nats_context:
    vars:
      - name: natsops_nats_nats_context
  domain:
    vars:
      - name: natsops_nats_domain
  api_prefix:
    vars:
      - name: natsops_nats_api_prefix
  inbox_prefix:
    vars:
      - name: natsops_nats_inbox_prefix
  tls_first:
    vars:
      - name: natsops_nats_tls_first
  kubernetes:
    vars:
      - name: natsops_nats_kubernetes
  user:
    vars:
      - name: natsops_nats_user
  password:
    vars:
      - name: natsops_nats_password
  token:
    vars:
      - name: natsops_nats_token
  nkey_seed:
    vars:
      - name: natsops_nats_nkey_seed
  nkey_file:
    vars:
      - name: natsops_nats_nkey_file
  creds_file:
    vars:
      - name: natsops_nats_creds_file
  creds:
    vars:
      - name: natsops_nats_creds
  tls_ca_file:
    vars:
      - name: natsops_nats_tls_ca_file
  tls_cert_file:
    vars:
      - name: natsops_nats_tls_cert_file
  tls_key_file:
    vars:
      - name: natsops_nats_tls_key_file
  tls_hostname:
    vars:
      - name: natsops_nats_tls_hostname
  timeout:
    vars:
      - name: natsops_nats_timeout
"""
