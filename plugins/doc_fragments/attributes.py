# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The attributes that modules state, documented once."""

from __future__ import annotations


class ModuleDocFragment:
    """Attributes."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return changed status prediction without modifying the target.
  diff_mode:
    description: Returns what has changed (or would change, in C(check_mode)), when in diff mode.
  idempotent:
    description: A second run with the same options changes nothing.
"""

    ACTIONGROUP_NATS = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/natsops.nats.nats) in C(module_defaults) to set connection options for these modules.
    support: full
    membership:
      - natsops.nats.nats
"""
