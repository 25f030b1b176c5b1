"""State handlers: people's functions that hear of every change of state, and may make another state of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import wraps
from typing import Any

from orchestrator.core.planner import Ending
from orchestrator.core.results import to_json
from orchestrator.core.states import TERMINAL, State
from orchestrator.sdk.raised import PASSES, message_of, named
from orchestrator.sdk.signals import Signal
from orchestrator.sdk.states import RunState

log = logging.getLogger(__name__)

# (task or flow, old state, new state) -> the state to take instead of the new one, or None.
Handler = Callable[[Any, RunState, RunState], RunState | None]
OnFailure = Callable[[Any, RunState], Any]

_MAY_RETURN = TERMINAL | {State.RETRYING, State.PAUSED}


def handlers_of(state_handlers: Iterable[Handler] | None, on_failure: OnFailure | None) -> tuple[Handler, ...]:
    """Return the handlers to call, `on_failure` the last.

    :raises TypeError: one of them cannot be called
    """
    if callable(state_handlers):
        raise TypeError(f"state_handlers is a list of functions; write state_handlers=[{_name(state_handlers)}].")
    handlers = tuple(state_handlers or ())
    for each in (*handlers, *((on_failure,) if on_failure is not None else ())):
        if not callable(each):
            raise TypeError(f"A state handler is a function of (task or flow, old state, new state), not {each!r}.")
    return (*handlers, _failure_handler(on_failure)) if on_failure is not None else handlers


def _failure_handler(on_failure: OnFailure) -> Handler:
    @wraps(on_failure, assigned=(), updated=())
    def handle(owner: Any, _old: RunState, new: RunState) -> None:
        if new.is_failed():
            on_failure(owner, new)

    return handle


def _name(called: Any) -> str:
    return getattr(called, "__name__", repr(called))


def state_of(ending: Ending) -> RunState:
    """Return an ending as people's code sees it."""
    return RunState(ending.state, ending.message, ending.result)


def handled(owner: Any, handlers: Iterable[Handler], old: Ending, new: Ending) -> Ending:
    """Return what the handlers, one after the other, make of a change of state; `new` itself if they leave it.

    One that raises makes it Failed, without retries; a signal makes it what the signal says.
    """
    try:
        return _handled(owner, handlers, state_of(old), new)
    except PASSES:
        raise
    except BaseException as error:
        log.exception("A state handler of %r raised an exception.", owner)
        return _final(Ending(State.FAILED, f"A state handler raised {named(error)}"))


def _handled(owner: Any, handlers: Iterable[Handler], old: RunState, new: Ending) -> Ending:
    shown = state = state_of(new)
    try:
        for handler in handlers:
            state = _answer(owner, handler(owner, old, state), state, new.state)
    except Signal as signal:
        ending = signal.ending()
        return _final(replace(ending, result=_kept(owner, ending.result)))
    return new if state is shown else _final(Ending(state.state, state.message, state.result))


def _answer(owner: Any, answer: Any, state: RunState, changed_to: State) -> RunState:
    if answer is None or answer is state:
        return state
    if not isinstance(answer, RunState):
        raise TypeError(f"a state handler returns a state or None, not {answer!r:.200}")
    if answer.state not in _MAY_RETURN and answer.state is not changed_to:
        raise ValueError(f"a state handler cannot make {answer.state} of {changed_to}")
    result = answer.result if answer.result is state.result else _kept(owner, answer.result)
    return replace(answer, message=message_of(answer.message), result=result)


def _kept(owner: Any, result: Any) -> Any:
    """Return a result as the next task receives it. A task with a serializer keeps what has no JSON form."""
    return result if getattr(owner, "result_serializer", "") else to_json(result)


def _final(ending: Ending) -> Ending:
    return Ending(ending.state, ending.message, ending.result, retry=False, delay=ending.delay)
