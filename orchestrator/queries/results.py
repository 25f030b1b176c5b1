"""Results as whoever may see them reads them: JSON, wherever it is kept. Nothing here makes Python objects of bytes."""

import hashlib
import json
from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.files.storage import storages

from orchestrator.core.large import Part, Stored, Unread, put_together, take_apart
from orchestrator.core.states import SUCCESSFUL
from orchestrator.models import FlowRun, StoredResult, TaskRun
from orchestrator.models.results import JSON, PARTS

ALIAS = "results"

Reader = Callable[[StoredResult], Any]


class LostResult(LookupError):
    """A stored result is not there any more, or not as it was written."""


class NotReadable(ValueError):
    """A result that the web process does not hand out: it is no JSON, or too large in one piece."""


def result_document(row: FlowRun | TaskRun) -> dict[str, Any]:
    """Return a run's result as documents show it: the JSON itself, or what the stored one is and how it begins."""
    return {"result": row.result, "stored_result": row.stored_result and _described(row.stored_result)}


def _described(stored: StoredResult) -> dict[str, Any]:
    return {
        "type": stored.type_name,
        "bytes": stored.size,
        "serializer": stored.serializer,
        "is_json": stored.serializer in (JSON, PARTS),
        "preview": stored.preview,
    }


def result_as_json(row: FlowRun | TaskRun) -> bytes:
    """Return a run's result as JSON text, wherever it is kept.

    :raises NotReadable: it is no JSON, or too large
    :raises LostResult: the storage does not have it any more
    """
    stored = row.stored_result
    if isinstance(row, TaskRun) and row.items is not None:
        return json.dumps(load(_of_items(row)), default=_refuse).encode()
    if stored is None:
        return json.dumps(row.result).encode()
    if stored.size > settings.ANABRANCH_MAX_RESULT_BYTES:
        raise NotReadable(f"The result has {stored.size:,} bytes in all; read those of the single task runs.")
    if stored.serializer == JSON:
        return bytes_of(stored)
    return json.dumps(load(Stored(stored.pk)), default=_refuse).encode()


def _of_items(row: TaskRun) -> list[Any]:
    """Return what the items of a mapped task have for results, None for those that did not succeed."""
    found = TaskRun.objects.filter(flow_run=row.flow_run_id, slug=row.slug, map_index__range=(0, (row.items or 0) - 1))
    return [
        (result if stored is None else Stored(stored)) if state in SUCCESSFUL else None
        for state, result, stored in found.order_by("map_index").values_list("state", "result", "stored_result")
    ]


def _refuse(value: Any) -> Any:
    what = f"{value.type_name}, kept by {value.serializer!r}" if isinstance(value, Unread) else type(value).__name__
    raise NotReadable(f"The result is no JSON ({what}); only tasks of flows can read it.")


def read_json(stored: StoredResult) -> Any:
    """Return a stored result that is JSON; for another, what says so."""
    if stored.serializer != JSON:
        return Unread(stored.type_name, stored.serializer)
    return json.loads(bytes_of(stored))


def load(value: Any, read: Reader = read_json) -> Any:
    """Return a value with the stored results in it as `read` reads them.

    :raises LostResult: one is not there any more
    """
    plain, parts = take_apart(value)
    return _filled(plain, parts, read) if parts else value


def _filled(plain: Any, parts: list[Part], read: Reader) -> Any:
    found = _rows(part.id for part in parts)
    by_id = {identity: _whole(row, read) if row.serializer == PARTS else read(row) for identity, row in found.items()}
    return put_together(plain, parts, by_id)


def _whole(row: StoredResult, read: Reader) -> Any:
    document: dict[str, Any] = row.document or {}
    parts = [Part(tuple(way), UUID(identity)) for way, identity in document["parts"]]
    return _filled(document["value"], parts, read)


def _rows(identities: Iterable[UUID]) -> dict[UUID, StoredResult]:
    wanted = set(identities)
    found = StoredResult.objects.in_bulk(wanted)
    if lost := wanted - found.keys():
        raise LostResult(f"The stored result {min(lost)} is not there any more; its run was deleted or run again.")
    return found


def bytes_of(stored: StoredResult) -> bytes:
    """Return the bytes of a stored result, exactly as they were written.

    :raises LostResult: they are missing or others
    """
    try:
        with storages[ALIAS].open(stored.path) as file:
            content: bytes = file.read()
    except FileNotFoundError:
        raise LostResult(
            f"The stored result {stored.path} ({stored}) is missing from the storage {ALIAS!r}."
            " Do all machines use the same storage, and was nothing deleted in it?"
        ) from None
    if hashlib.sha256(content).hexdigest() != stored.digest:
        raise LostResult(f"The stored result {stored.path} ({stored}) is not what was written: its SHA-256 differs.")
    return content
