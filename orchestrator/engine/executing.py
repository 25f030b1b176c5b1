"""Run one Python function of a flow for a worker: its arguments, its logs, its result or its traceback."""

import io
import logging
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from orchestrator.core.attempts import looped
from orchestrator.core.caching import CacheEntry
from orchestrator.core.large import Stored
from orchestrator.core.planner import Ending
from orchestrator.core.results import storable, to_json
from orchestrator.core.states import State
from orchestrator.engine.caching import find_cached
from orchestrator.engine.database import records, retried, send
from orchestrator.engine.inputs import inputs_of
from orchestrator.engine.judging import Call, execute_judged
from orchestrator.engine.results import keep
from orchestrator.engine.statements import INSERT_LOG_LINES
from orchestrator.engine.steps import Claim
from orchestrator.engine.verdicts import execute_flow_handlers
from orchestrator.engine.versions import load_version
from orchestrator.sdk.arguments import received
from orchestrator.sdk.caching import entry_of
from orchestrator.sdk.context import Context, context, entered
from orchestrator.sdk.limits import OutOfTime
from orchestrator.sdk.raised import EXPLAINED, PASSES, Stop, told
from orchestrator.sdk.registry import UnknownTask, find_task
from orchestrator.sdk.signals import LOOP, SUCCESS, Signal, ending_of
from orchestrator.sdk.tasks import Task

MAX_LINE = 8_000
MAX_LINES = 20_000


class Interrupted(Stop):
    """Raised inside a running function whose flow run was cancelled."""


class Line(NamedTuple):
    number: int
    at: datetime
    level: int
    message: str


@dataclass
class Log:
    """The lines of one attempt of one task run, stored in batches. Storing one twice keeps it once."""

    held: Claim
    waiting: list[Line] = field(default_factory=list)
    count: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, level: int, message: str) -> None:
        if self.count >= MAX_LINES:
            return
        self.count += 1
        if self.count == MAX_LINES:
            level, message = logging.WARNING, f"The log ends here: it reached {MAX_LINES} lines."
        text = storable(message)
        text = text if len(text) <= MAX_LINE else text[:MAX_LINE] + " … (line cut)"
        with self.lock:
            self.waiting.append(Line(self.count, datetime.now(UTC), level, text))

    def store(self) -> None:
        """Write the lines that are not yet stored; safe to call from another thread than the one that logs."""
        with self.lock:
            lines, self.waiting = self.waiting, []
        if lines:
            _store(self.held, lines)


@retried
def _store(held: Claim, lines: list[Line]) -> None:
    send(
        INSERT_LOG_LINES,
        flow_run_id=held.flow_run_id,
        task_run_id=held.task_run_id,
        attempt=held.attempt,
        lines=records(line._asdict() for line in lines),
    )


def execute(held: Claim, log: Log, call: Call) -> Ending | None:
    """Run a claimed function and return how it ended. Its output and logging go to `log`.

    None: people's code lets a task start its child flow run, which nobody has done yet.

    :param call: runs the function; the caller's place to be interruptible
    """
    version = load_version(held.version_id)
    inside = Context.told(
        held.carried,
        flow=str(version.flow),
        version=version.number,
        flow_run_id=str(held.flow_run_id),
        task_run_id=str(held.task_run_id),
        task=held.slug,
        attempt=held.attempt,
        idempotency_key=str(held.task_run_id),
        parameters=dict(held.parameters),
        scheduled_for=held.scheduled_for,
        map_index=held.map_index,
    )
    rules = version.graph.tasks[held.slug]
    ending: Ending | None
    try:
        with _captured(log), entered(inside):
            if held.slug in (version.graph.opening_task, version.graph.closing_task):
                ending = execute_flow_handlers(held, version, call)
            elif rules.judged_by_worker:
                ending = execute_judged(held, call, lambda: _attempt(held, log, call))
            else:
                return _attempt(held, log, call)
        # What their handlers made of it may have another result.
        return ending and replace(ending, result=_stored(ending.result, rules.result_serializer))
    except Interrupted:
        return Ending(State.CANCELLED, "Cancelled while it was running.")
    except PASSES:
        raise
    except BaseException as error:  # noqa: BLE001 - the storage, or people's serializer, may raise anything
        return ending_of(error, _told(error, log))


def _attempt(held: Claim, log: Log, call: Call) -> Ending:
    """Return how a function ended, its result as it is stored."""
    retry_on: tuple[type[BaseException], ...] = ()
    try:
        task = find_task(load_version(held.version_id).flow, held.slug)
        retry_on = task.retry_on
        inputs = inputs_of(held)
        entry = _cache_entry(held, task, inputs)
        if entry is not None and (cached := find_cached(entry, task, inputs, held.parameters, call)):
            return cached
        arguments = received(task, inputs)
        return _kept(_called(lambda: call(lambda: task.run(**arguments))), held, task.result_serializer, entry)
    except Interrupted:
        return Ending(State.CANCELLED, "Cancelled while it was running.")
    except PASSES:
        raise
    except BaseException as error:  # noqa: BLE001 - people's code may raise anything
        return ending_of(error, _told(error, log), retry_on)


def _called(function: Callable[[], Any]) -> Ending:
    """Return what a function returned, or raised to hand it on."""
    try:
        return Ending(State.SUCCESS, "", function())
    except (SUCCESS, LOOP) as signal:
        return signal.ending()


def _cache_entry(held: Claim, task: Task, inputs: dict[str, Any]) -> CacheEntry | None:
    version = load_version(held.version_id)
    return entry_of(
        task,
        version.graph.tasks[held.slug],
        project=str(version.project_id),
        flow=version.flow.name,
        index=context().map_index,
        inputs=inputs,
        parameters=held.parameters,
    )


def _kept(ending: Ending, held: Claim, serializer: str, entry: CacheEntry | None) -> Ending:
    """Return an ending with its result as it is stored, to be kept under an entry of the cache.

    :raises Unkeepable: it has no JSON form, or is too large
    """
    if ending.state is State.SUBMITTED:
        return replace(ending, result=None, carried=looped(held.carried, to_json(ending.result, "result of LOOP")))
    return replace(ending, result=_stored(ending.result, serializer), cache=entry)


def _stored(result: Any, serializer: str) -> Any:
    if result is None or isinstance(result, Stored):
        return result
    return keep(result, serializer=serializer)


def overdue(held: Claim, limit: float) -> Ending:
    """Return how a function ends that has run for longer than its time limit."""
    try:
        retry_on = find_task(load_version(held.version_id).flow, held.slug).retry_on
    except UnknownTask:
        retry_on = ()
    return ending_of(OutOfTime(limit), "", retry_on)


def _told(error: BaseException, log: Log) -> str:
    """Return what people are told of what their code raised; the log gets the traceback of an exception."""
    if isinstance(error, OutOfTime) or not isinstance(error, (Signal, SystemExit, *EXPLAINED)):
        log.add(logging.ERROR, _traceback(error))
    return told(error)


def _traceback(error: BaseException) -> str:
    """Return the traceback from people's code on: the engine's own frames say nothing to them."""
    frames = error.__traceback__
    while frames is not None and Path(frames.tb_frame.f_code.co_filename).parent == Path(__file__).parent:
        frames = frames.tb_next
    return "".join(traceback.format_exception(type(error), error, frames)).rstrip()


class _Handler(logging.Handler):
    def __init__(self, log: Log) -> None:
        super().__init__(logging.INFO)
        self.log = log
        self.setFormatter(logging.Formatter("%(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self.log.add(record.levelno, self.format(record))
        except Exception:  # noqa: BLE001 - a line that cannot be written must not end the function
            self.handleError(record)


class _Printed(io.TextIOBase):
    """What a function prints, cut into lines."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self.rest = ""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        *lines, self.rest = (self.rest + text).split("\n")
        for line in lines:
            self.log.add(logging.INFO, line)
        return len(text)

    def finish(self) -> None:
        if self.rest:
            self.log.add(logging.INFO, self.rest)
            self.rest = ""


@contextmanager
def _captured(log: Log) -> Iterator[None]:
    handler, printed, root = _Handler(log), _Printed(log), logging.getLogger()
    root.addHandler(handler)
    try:
        with redirect_stdout(printed):
            yield
    finally:
        root.removeHandler(handler)
        printed.finish()


def let_go_of_output() -> None:
    """Send what is printed and logged from now on to the worker's own output: in a process that a function forked."""
    root = logging.getLogger()
    sys.stdout = sys.__stdout__
    for handler in [each for each in root.handlers if isinstance(each, _Handler)]:
        root.removeHandler(handler)
