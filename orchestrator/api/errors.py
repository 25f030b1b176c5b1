"""Every refusal of the API, in one shape: a code for programs, a sentence for people, and each single problem."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db import DataError, InterfaceError, OperationalError
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.views import exception_handler

from orchestrator.api.names import NotThere
from orchestrator.core.approvals import UnknownParameters
from orchestrator.core.problems import Problem, ProblemsFound
from orchestrator.core.wall_clock import ScheduleError
from orchestrator.engine import (
    answering,
    backfilling,
    drafts,
    flow_runs,
    marking,
    parameters,
    pausing,
    restarting,
    scheduling,
)
from orchestrator.queries import results

# What an operation may refuse -> HTTP status and code. Looked up along the exception's bases.
REFUSALS: dict[type[Exception], tuple[int, str]] = {
    parameters.InvalidParameters: (422, "invalid_parameters"),
    flow_runs.NoVersion: (422, "no_version"),
    flow_runs.IdempotencyConflict: (409, "idempotency_conflict"),
    restarting.NotFinished: (409, "not_finished"),
    restarting.NothingToRestart: (409, "nothing_to_restart"),
    restarting.UnknownTask: (422, "unknown_task"),
    pausing.NotPausable: (409, "not_pausable"),
    pausing.NotPaused: (409, "not_paused"),
    answering.NotWaiting: (409, "not_waiting"),
    answering.NotTheirs: (403, "not_allowed"),
    answering.NothingToEdit: (422, "invalid_parameters"),
    UnknownParameters: (422, "invalid_parameters"),
    marking.NotMarkable: (409, "not_markable"),
    drafts.NameTaken: (409, "name_taken"),
    drafts.InvalidName: (422, "invalid_input"),
    drafts.StaleRevision: (409, "stale_revision"),
    drafts.NotDrawn: (409, "not_drawn"),
    drafts.MalformedGraph: (422, "invalid_graph"),
    drafts.InvalidGraph: (422, "invalid_graph"),
    drafts.TooLarge: (413, "too_large"),
    results.NotReadable: (409, "result_not_readable"),
    results.LostResult: (410, "result_lost"),
    scheduling.InvalidSchedule: (422, "invalid_schedule"),
    backfilling.InvalidBackfill: (422, "invalid_backfill"),
    backfilling.BackfillOver: (409, "backfill_over"),
    ScheduleError: (422, "invalid_schedule"),
    exceptions.ParseError: (400, "malformed_json"),
    exceptions.NotAuthenticated: (401, "not_signed_in"),
    exceptions.AuthenticationFailed: (401, "not_signed_in"),
    exceptions.PermissionDenied: (403, "not_allowed"),
    exceptions.NotFound: (404, "not_found"),
    Http404: (404, "not_found"),
    exceptions.MethodNotAllowed: (405, "method_not_allowed"),
    exceptions.NotAcceptable: (406, "not_acceptable"),
    exceptions.UnsupportedMediaType: (415, "unsupported_media_type"),
    exceptions.ValidationError: (422, "invalid_input"),
    exceptions.Throttled: (429, "throttled"),
    RequestDataTooBig: (413, "too_large"),
    SuspiciousOperation: (400, "malformed_request"),
    DataError: (422, "invalid_input"),
    OperationalError: (503, "unavailable"),
    InterfaceError: (503, "unavailable"),
}

# Said in place of what the exception says, which is for us or for a log.
MESSAGES: dict[str, str] = {
    "not_signed_in": "Sign in first, or send a bearer token: `manage.py create_token USER` makes one.",
    "not_found": "There is nothing at this address, or you may not see it. Addresses end with a slash.",
    "too_large": f"The request is larger than {settings.DATA_UPLOAD_MAX_MEMORY_SIZE} bytes.",
    "malformed_request": "The request cannot be read.",
    "invalid_input": "The request holds what cannot be accepted; see errors.",
    "unavailable": "The database cannot be reached; try again in a moment.",
}
_SAYS_IT_ITSELF = (exceptions.AuthenticationFailed, drafts.TooLarge, NotThere)


def handle(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Return the answer to an exception of a view; None for one that is our own mistake."""
    refusal = next((REFUSALS[kind] for kind in type(exc).__mro__ if kind in REFUSALS), None)
    if refusal is None:
        return None
    status, code = refusal
    # REST framework's own handler knows the headers: WWW-Authenticate, Retry-After.
    known = exception_handler(exc, context)
    body = {"code": code, "message": _message(exc, code), "errors": _errors(exc), **_facts(exc)}
    return Response(body, status=status, headers=dict(known.headers) if known else None)


def _message(exc: Exception, code: str) -> str:
    if code in MESSAGES and not isinstance(exc, _SAYS_IT_ITSELF):
        return MESSAGES[code]
    return str(exc)


def _errors(exc: Exception) -> list[dict[str, object]]:
    """Return each single problem of a refusal that has several."""
    if isinstance(exc, ProblemsFound):
        problems = exc.problems
    elif isinstance(exc, ScheduleError):
        problems = [Problem("invalid_schedule", str(exc), field=exc.field)]
    elif isinstance(exc, drafts.InvalidName):
        problems = [Problem("invalid_name", str(exc), field="name")]
    elif isinstance(exc, exceptions.ValidationError):
        problems = list(_field_problems(exc.detail, ""))
    else:
        problems = []
    return [problem.document() for problem in problems]


def _field_problems(detail: Any, place: str) -> Iterator[Problem]:
    """Yield what serializers and filters found: a tree of fields whose leaves are sentences."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            step = "" if name == api_settings.NON_FIELD_ERRORS_KEY else str(name)
            yield from _field_problems(inner, f"{place}.{step}".strip("."))
    elif isinstance(detail, list):
        for inner in detail:
            yield from _field_problems(inner, place)
    else:
        code = getattr(detail, "code", "invalid")
        yield Problem(f"{code}_field" if code in _BARE_CODES else code, str(detail), field=place or None)


# REST framework's codes that say nothing without their field.
_BARE_CODES = frozenset({"required", "invalid", "null", "blank"})


def _facts(exc: Exception) -> dict[str, object]:
    """Return what a program needs to go on after a conflict."""
    if isinstance(exc, drafts.StaleRevision):
        return {"revision": exc.current}
    if isinstance(exc, flow_runs.IdempotencyConflict):
        return {"flow_run": str(exc.flow_run_id)}
    return {}
