# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""JetStream's error numbers (`err_code`) with what they mean to a user of key/value buckets, and the mend.

The numbers are nats-server's (server/errors.json); what each one stands for was seen on servers 2.10 to 2.15.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import ServerRefused

NOT_FOUND = 10059  # stream
NO_MESSAGE = 10037
UNAVAILABLE = 10008  # no meta leader yet, or quorum lost
NO_STREAM_LEADER = 10009
UNKNOWN_FIELD = 10025
NO_ROOM = frozenset({10005, 10074})  # for so many replicas
MOVE_IN_PROGRESS = frozenset({10124, 10226})
WRONG_REVISION = frozenset({10071, 10164})  # of one server, and of a cluster's
# The answers of a cluster that is still finding itself: worth asking again until the deadline.
PASSING = frozenset({UNAVAILABLE, NO_STREAM_LEADER, *MOVE_IN_PROGRESS, 10163, 10167})

TABLE: Mapping[int, tuple[str, str]] = {
    10002: (
        "the account's JetStream storage is used up or reserved",
        "Lower 'max_bytes', free space, or raise the account's limit.",
    ),
    10005: (
        "the cluster has too few servers with room for that many replicas",
        "Lower 'replicas', or add servers or storage.",
    ),
    10008: ("JetStream has no leader: the cluster is starting, or has lost its quorum", "Look at the servers' health."),
    10009: ("the bucket has no leader: its servers are starting, or are lost", "Look at the servers' health."),
    10023: ("the server has too little memory or storage left", "Free space, or raise the server's JetStream limits."),
    10025: (
        "the server is too old for one of the settings",
        "Leave that setting out, or upgrade the server.",
    ),
    10027: ("the account has as many streams as it may have", "Delete one, or raise the account's limit."),
    10028: ("there is not enough memory in JetStream's limits", "Use file storage, or raise the memory limit."),
    10039: (
        "JetStream is not enabled for this account",
        "Enable it for the account, or connect as a user of another one (the system account has none).",
    ),
    10030: (
        "the mirror's 'max_value_size' is below that of its origin",
        "Raise 'max_value_size', or leave it out.",
    ),
    10035: ("the server does not know this account", "Check the account and the servers' resolver."),
    10047: (
        "the server has too little storage left for 'max_bytes'",
        "Lower 'max_bytes', or raise config.jetstream.fileStore.maxSize (or its pvc.size) in the chart's values.",
    ),
    10052: ("the server does not take these settings", "Change the one that it names, or leave it as it is."),
    10054: ("the value is larger than the bucket's 'max_value_size'", "Raise 'max_value_size', or store less."),
    10055: ("the server cannot change the mirror of a bucket", "Leave 'mirror' as it is, or make a new bucket."),
    10058: (
        "a bucket of that name with other settings was made in the meantime",
        "Run again: the settings are then compared.",
    ),
    10059: ("there is no such bucket", "Create it first."),
    10061: ("the server cannot change 'replicas' of this bucket", "Make a new bucket, or leave 'replicas' as it is."),
    10064: ("the server cannot copy the bucket out", "Look at the server's log."),
    10065: ("another stream already holds the bucket's subjects", "Delete that stream, or use another bucket name."),
    10071: ("the key has been written in the meantime", "Read it again and decide anew."),
    10074: (
        "'replicas' above 1 needs a cluster, and this is a single server",
        "Set 'replicas: 1', or deploy a cluster (config.cluster.enabled in the chart's values).",
    ),
    10077: (
        "the bucket is full: 'max_bytes' is reached",
        "Raise 'max_bytes', or delete keys. Existing keys can still be overwritten.",
    ),
    10076: ("JetStream is off", "Switch it on: config.jetstream.enabled: true in the chart's values."),
    10097: ("the headers are larger than the 64 KB that a message may have", "Make them shorter."),
    10109: ("the bucket is sealed: nothing in it can be changed any more", "Make a new bucket."),
    10113: ("the account wants 'max_bytes' for every bucket", "Set 'max_bytes'."),
    10118: ("the bucket is offline: too many of its servers are lost", "Look at the servers' health."),
    10120: (
        "the account has no JetStream limits for that many replicas",
        "Give 'replicas' for which it has some, or add limits to the account.",
    ),
    10122: (
        "'max_bytes' is above what the account lets a bucket have",
        "Lower 'max_bytes', or raise the account's limit.",
    ),
    10123: (
        "the server cannot move and scale a bucket at once",
        "Change 'placement' first, then 'replicas'.",
    ),
    10124: ("the bucket is being moved", "Try again when that is done."),
    10130: ("there is a bucket of that name already", "Delete it first, or use another name."),
    10163: ("the key is just being written", "Try again."),
    10164: ("the key has been written in the meantime", "Read it again and decide anew."),
    10165: ("the TTL is not valid", "Give whole seconds, 1 at least."),
    10166: ("the bucket takes no TTLs of single keys", "Set 'allow_msg_ttl: true' for the bucket."),
    10167: ("the server is asked more than it can answer", "Try again."),
    10174: ("the bucket takes no atomic batches", "Set 'allow_atomic: true' for the bucket."),
    10176: ("a part of the atomic batch was lost, and nothing of it was written", "Run again."),
    10177: ("a message of the atomic batch has a header that none can have", "Write these entries without 'atomic'."),
    10194: ("the bucket is offline: it was made by a newer server", "Upgrade the server."),
    10198: ("a mirror takes no atomic batches", "Write to the mirror's origin, or without 'atomic'."),
    10199: ("the atomic batch has more messages than the server takes", "Write fewer entries at once."),
    10210: ("the server has as many atomic batches under way as it can have", "Try again."),
    10226: ("the bucket is being moved or scaled", "Try again when that is done."),
}


def refusal(error: Mapping[str, Any], doing: str) -> ServerRefused:
    """The exception for the `error` object of a JetStream answer.

    Args:
        error: With `code`, `err_code`, `description`.
        doing: What was asked for, as in "creating bucket 'test'".
    """
    code = int(error.get("err_code", 0))
    said = str(error.get("description", "no reason given"))
    meaning, mend = TABLE.get(code, (said, ""))
    detail = f" ({said}, {code})" if code in TABLE else f" ({code})"
    return ServerRefused(f"The server refused {doing}: {meaning}{detail}.", mend, code=code)
