# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files that connection options name, and the package that their keys need."""

from __future__ import annotations

from typing import Any

from ..errors import BadInput


def readable_file(path: str, option: str) -> str:
    """The text of a file that an option names.

    Raises:
        BadInput: It is not there, may not be read, or is no text. The message never holds the content.
    """
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except OSError as error:
        reason = error.strerror or str(error)
        raise BadInput(f"'{option}' {path!r} cannot be read: {reason}.", "Give a file that is there.") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"'{option}' {path!r} is not a text file.", "Give the right file.") from error


def required_nkeys(option: str) -> Any:
    """The nkeys package, which only keys and credentials need.

    Raises:
        BadInput: It is not installed.
    """
    try:
        import nkeys
    except ImportError as error:
        raise BadInput(f"'{option}' needs the Python package 'nkeys'.", "Install it: pip install nkeys.") from error
    return nkeys
