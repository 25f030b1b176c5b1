"""State handlers: people's functions that hear of every change of state, and may make another state of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

from orchestrator.core.planner import Ending
from orchestrator.core.states import TERMINAL, State
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


def state_of(ending: Ending) -> RunState:
    """Return an ending as people's code sees it."""
    return RunState(ending.state, ending.message, ending.result)


def handled(owner: Any, handlers: Iterable[Handler], old: Ending, new: Ending) -> Ending:
    """Return what the handlers, one after the other, make of a change of state; `new` itself if they leave it.

    One that raises makes it Failed, without retries; a signal makes it what the signal says.
    """
    shown = state = state_of(new)
    try:
        for handler in handlers:
            state = _answer(handler(owner, state_of(old), state), state, new.state)
    except Signal as signal:
        return _final(signal.ending())
    except (Exception, SystemExit) as error:
        log.exception("A state handler of %r raised an exception.", owner)
        return _final(Ending(State.FAILED, f"A state handler raised {type(error).__name__}: {error}".rstrip(": ")))
    return new if state is shown else _final(Ending(state.state, state.message, state.result))


def _answer(answer: Any, state: RunState, changed_to: State) -> RunState:
    if answer is None:
        return state
    if not isinstance(answer, RunState):
        raise TypeError(f"a state handler returns a state or None, not {answer!r:.200}")
    if answer.state not in _MAY_RETURN and answer.state is not changed_to:
        raise ValueError(f"a state handler cannot make {answer.state} of {changed_to}")
    return answer


def _final(ending: Ending) -> Ending:
    return Ending(ending.state, ending.message, ending.result, retry=False, delay=ending.delay)
