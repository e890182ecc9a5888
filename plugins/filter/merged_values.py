# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Chart values out of several files, and texts without the secrets of such values."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible.utils.unsafe_proxy import wrap_var

from ansible_collections.natsops.nats.plugins.module_utils.errors import NatsOpsError
from ansible_collections.natsops.nats.plugins.module_utils.releases import values as chart_values


def merged_values(texts: Iterable[tuple[str, str]], over: Mapping[str, Any] | None = None) -> Any:
    """Merges values files as `helm -f a -f b` does, and a mapping over them."""
    try:
        layers: list[Mapping[str, Any]] = [chart_values.parse(str(text), str(name)) for name, text in texts]
        last = over or {}
        if not isinstance(last, Mapping):
            raise AnsibleFilterError(
                f"nats_values is a {type(last).__name__}, not a mapping. Write chart values into it."
            )
        chart_values.check(last, "nats_values")
    except NatsOpsError as error:
        raise AnsibleFilterError(str(error)) from error
    # A chart's own templates ({{ .Release.Name }}) are not Ansible's.
    return wrap_var(chart_values.merge([*layers, last]))


def without_secrets(text: object, values: Mapping[str, Any] | None = None) -> Any:
    """The text, with every secret that the values hold masked in it."""
    return wrap_var(chart_values.scrubbed(str(text), chart_values.secrets(values or {})))


def in_current_folder(path: object) -> str:
    """The path below the current folder where it is there, as `helm -f` takes it; else as it is, for Ansible."""
    expanded = os.path.expanduser(str(path))
    return os.path.abspath(expanded) if os.path.exists(expanded) else str(path)


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """By name."""
        return {
            "merged_values": merged_values,
            "without_secrets": without_secrets,
            "in_current_folder": in_current_folder,
        }
