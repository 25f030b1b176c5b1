"""Results: kept where they fit, and read for whatever comes after them, in one place."""

import hashlib
import json
import os
from collections.abc import Collection
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.db import connection, transaction

from orchestrator.core.bindings import describe
from orchestrator.core.large import INLINE_BYTES, Stored, take_apart, type_name
from orchestrator.core.results import Unkeepable, to_json
from orchestrator.core.states import SUCCESSFUL, State
from orchestrator.engine.database import rows, send
from orchestrator.engine.item_statements import READ_ITEM_RESULTS
from orchestrator.engine.result_statements import DELETE_UNNAMED_RESULTS, INSERT_RESULT_OF_PARTS
from orchestrator.engine.statements import READ_RESULTS
from orchestrator.models import StoredResult
from orchestrator.models.results import JSON, PARTS
from orchestrator.queries.results import ALIAS, bytes_of, load, read_json
from orchestrator.sdk.serializers import find_serializer

PREVIEW = 300
# A result may be stored this long before its task run's row names it: workers write it first.
UNNAMED_FOR = timedelta(hours=1)


class NotStored(OSError):
    """The storage did not take a result; the message names it, and says why it did not."""


def read_results(*, flow_run_id: UUID, slugs: Collection[str]) -> dict[str, tuple[State, Any]]:
    """Return slug -> (state, result) of these tasks of a flow run: one statement, none for no tasks.

    A result that is kept outside its row is a `Stored`; `load_for_function` and `load_for_child` read it.
    """
    return {slug: (state, result) for slug, (state, result, _) in _read(flow_run_id, slugs).items()}


def results_to_bind(*, flow_run_id: UUID, slugs: Collection[str]) -> dict[str, Any]:
    """Return slug -> result of those of these tasks that were successful: the others have nothing to hand on.

    A mapped task that was given its items hands on what these have, however it ended.
    """
    return {
        slug: result
        for slug, (state, result, has_items) in _read(flow_run_id, slugs).items()
        if has_items or state in SUCCESSFUL
    }


def _read(flow_run_id: UUID, slugs: Collection[str]) -> dict[str, tuple[State, Any, bool]]:
    """Return slug -> (state, result, whether it is a mapped task that was given its items)."""
    if not slugs:
        return {}
    found = rows(READ_RESULTS, flow_run_id=flow_run_id, slugs=list(slugs))
    lists = _lists(flow_run_id, [slug for slug, *_, items in found if items is not None])
    return {
        slug: (State(state), lists[slug] if slug in lists else named(result, stored), slug in lists)
        for slug, state, result, stored, _ in found
    }


def _lists(flow_run_id: UUID, slugs: list[str]) -> dict[str, list[Any]]:
    """Return the results of mapped tasks: those of their items in order, None for an item that did not succeed."""
    lists: dict[str, list[Any]] = {slug: [] for slug in slugs}
    found = rows(READ_ITEM_RESULTS, flow_run_id=flow_run_id, slugs=slugs) if slugs else []
    for slug, state, result, stored in found:
        lists[slug].append(named(result, stored) if State(state) in SUCCESSFUL else None)
    return lists


def named(result: Any, stored_result_id: UUID | None) -> Any:
    """Return the result that a row names by its two columns."""
    return result if stored_result_id is None else Stored(stored_result_id)


def load_for_function(results: dict[str, Any]) -> dict[str, Any]:
    """Return results for a Python function that a worker is about to call: Python objects are made again.

    Never call it in the web process: `pickle` executes what the bytes say.

    :raises LostResult: a stored result is not there any more
    :raises UnknownSerializer: this worker's code does not have the serializer of one
    """
    return {slug: load(result, _read_object) for slug, result in results.items()}


def load_for_child(results: dict[str, Any]) -> dict[str, Any]:
    """Return results for the parameters of a child flow run, which are JSON; an `Unread` stands for what is none.

    :raises LostResult: a stored result is not there any more
    """
    return {slug: load(result) for slug, result in results.items()}


def _read_object(stored: StoredResult) -> Any:
    if stored.serializer == JSON:
        return read_json(stored)
    return find_serializer(stored.serializer).loads(bytes_of(stored))


def keep(value: Any, *, serializer: str = "") -> Any:
    """Return a function's result as its row will have it: JSON, or a `Stored` that has been written.

    :param serializer: its name, where the task asks for one; the result is then stored whatever its size
    :raises Unkeepable: it has no JSON form, or is too large
    :raises NotStored: the storage did not take it
    """
    if serializer:
        content = find_serializer(serializer).dumps(value)
        return _store(content, serializer, type_name(value), preview="")
    kept = to_json(value)
    text = json.dumps(kept, separators=(",", ":"))
    if len(text) <= INLINE_BYTES:
        return kept
    return _store(text.encode(), JSON, describe(kept), preview=text[:PREVIEW])


def _store(content: bytes, serializer: str, type_name: str, preview: str) -> Stored:
    """Write a result outside its row. The row that says where comes first, so that no file is ever forgotten."""
    _check_size(len(content))
    identity = uuid4()
    ending = "json" if serializer == JSON else "bin"
    stored = StoredResult.objects.create(
        id=identity,
        serializer=serializer,
        path=f"{identity.hex[:2]}/{identity}.{ending}",
        size=len(content),
        digest=hashlib.sha256(content).hexdigest(),
        type_name=type_name[:200],
        preview=preview,
    )
    written = _written(stored, content)
    if written != stored.path:
        StoredResult.objects.filter(pk=identity).update(path=written)
    return Stored(identity)


def _written(stored: StoredResult, content: bytes) -> str:
    """Return where the storage has put a result."""
    try:
        path = storages[ALIAS].save(stored.path, ContentFile(content))
        _flush(path)
    except Exception as error:
        what = f"The result ({stored.type_name}, {stored.size:,} bytes)"
        raise NotStored(f"{what} could not be written to the storage {ALIAS!r}: {error!r}.") from error
    return path


def _check_size(size: int) -> None:
    most = settings.ANABRANCH_MAX_RESULT_BYTES
    if size > most:
        raise Unkeepable(
            f"The result takes {size:,} bytes; {most:,} are the limit (ANABRANCH_MAX_RESULT_BYTES)."
            " Store it yourself and return where it is."
        )


def _flush(path: str) -> None:
    """Have a file of this machine on its disk before a row says that it is there."""
    try:
        file = Path(storages[ALIAS].path(path))
    except NotImplementedError:
        return
    for place in (file, file.parent):
        handle = os.open(place, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def put_in_one(value: Any) -> Any:
    """Return a flow run's result as its row will have it, in the transaction that ends the flow run.

    One that holds stored results, or is large in all, becomes a `Stored` that names them; no storage is touched.

    :raises Unkeepable: what is not stored already is too large in all
    """
    if not isinstance(value, dict | list):
        return value
    plain, parts = take_apart(value)
    text = json.dumps(plain, separators=(",", ":"))
    if not parts and len(text) <= INLINE_BYTES:
        return value
    _check_size(len(text))
    identity = uuid4()
    part_ids = [part.id for part in parts]
    document = {"value": plain, "parts": [[part.way, str(part.id)] for part in parts]}
    send(
        INSERT_RESULT_OF_PARTS,
        overtakes=True,
        id=identity,
        serializer=PARTS,
        size=len(text),
        type_name=describe(plain)[:200],
        preview=text[:PREVIEW],
        document=json.dumps(document, separators=(",", ":")),
        part_ids=part_ids,
    )
    return Stored(identity)


def sweep_results(*, now: datetime) -> int:
    """Delete the stored results that no row names any more, their files with them; return how many.

    Rows go when flow runs are deleted or run again, and a worker that dies may leave a file that no row came to name.
    """
    deleted = 0
    while True:
        with transaction.atomic(), connection.wrap_database_errors:
            gone = rows(DELETE_UNNAMED_RESULTS, before=now - UNNAMED_FOR)
            # A file first: what is left if this process dies now is a row, and the next sweep finds it again.
            for (path,) in gone:
                if path:
                    storages[ALIAS].delete(path)
        if not gone:
            return deleted
        deleted += len(gone)
