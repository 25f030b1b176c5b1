"""Tasks: the steps of a flow, as people write them."""

from __future__ import annotations

import copy
import functools
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, overload

from orchestrator.core.bindings import step_into
from orchestrator.core.triggers import Trigger
from orchestrator.sdk.attributes import cache_of, kept, nout_of, serializer_of, tags_of
from orchestrator.sdk.cache_validators import CustomValidator, Validator
from orchestrator.sdk.durations import Duration, limit_of
from orchestrator.sdk.foreign import refuse_foreign
from orchestrator.sdk.handlers import Handler, OnFailure, handlers_of
from orchestrator.sdk.opening import note_copied, note_made, open_flow_for
from orchestrator.sdk.operators import Operators
from orchestrator.sdk.queues import queue_of
from orchestrator.sdk.retries import RetryDelay, checked_retries, pauses_of, retry_on_of
from orchestrator.sdk.signatures import check_run, named_arguments, returned_parts
from orchestrator.sdk.triggers import Asked, CustomTrigger, read_trigger

if TYPE_CHECKING:
    from orchestrator.sdk.flows import Flow


class Task(Operators):
    """One step of a flow: subclass it and write `run`, or decorate a function with `@task`.

    :param name: what people see; the class's name unless given
    :param slug: the task's identity within a flow; made from the name unless given
    :param max_retries: how often it is tried again after a failure; needs `retry_delay`
    :param retry_delay: the pause before a retry: a timedelta or seconds, a list of one for each retry, or a `Backoff`
    :param retry_on: the types of exceptions, subclasses included, that are tried again; all unless given
    :param queue: the queue whose workers execute it; the flow's unless given
    :param timeout: the time limit of an attempt, a timedelta or seconds; of the wait, where it waits for a child
    :param cache_for: how long its result may be used by later runs, which then do not execute it
    :param cache_validator: whether a cached result still holds; see `sdk.cache_validators`
    :param cache_key: tasks of a project that have the same key share their cached results
    :param trigger: what it asks of its upstreams' states; all successful unless given. A function of people's own is
        given {edge: state of its upstream}, and lets the task start by returning something true
    :param skip_on_upstream_skip: whether it is skipped when an upstream was
    :param result_serializer: how a result without JSON form is kept, `"pickle"` or one of `register_serializer`; only
        functions of other tasks can then read it
    :param nout: how many parts the result has, for `a, b = t()`; an annotation `-> tuple[int, str]` says it too
    :raises ValueError: retries without a delay or a delay without retries, an unknown trigger or serializer
    :raises TypeError: another argument; for those of Prefect 1 it says what to use instead
    """

    auto_generated = False

    def __init__(
        self,
        name: str | None = None,
        *,
        slug: str | None = None,
        tags: Iterable[str] | None = None,
        max_retries: int = 0,
        retry_delay: RetryDelay | None = None,
        retry_on: Any = None,
        timeout: Duration | None = None,
        cache_for: Duration | None = None,
        cache_validator: Validator | CustomValidator | str | None = None,
        cache_key: str | None = None,
        trigger: Trigger | str | Asked | CustomTrigger | None = None,
        skip_on_upstream_skip: bool = True,
        queue: str | None = None,
        result_serializer: str | None = None,
        nout: int | None = None,
        state_handlers: Iterable[Handler] | None = None,
        on_failure: OnFailure | None = None,
        **foreign: Any,
    ) -> None:
        self.name = name or type(self).__name__
        refuse_foreign(self, foreign)
        self.slug = slug
        self.has_own_slug = slug is not None
        self.tags = tags_of(tags)
        self.max_retries = checked_retries(max_retries, retry_delay)
        self.retry_delay = retry_delay
        self.retry_on = retry_on_of(retry_on, max_retries)
        self.timeout_seconds = limit_of(timeout, "timeout")
        self.cache_for_seconds, self.cache_validator, self.cache_key = cache_of(cache_for, cache_validator, cache_key)
        self.trigger = trigger
        self.skip_on_upstream_skip = skip_on_upstream_skip
        self.queue = queue_of(queue)
        self.result_serializer = serializer_of(result_serializer)
        self.nout = nout_of(nout)
        self.state_handlers = handlers_of(state_handlers, on_failure)
        note_made(self)
        if getattr(self.run, "__func__", None) is not Task.run:
            check_run(self.run, whose=repr(self))

    def __repr__(self) -> str:
        return f"<Task: {self.name}>"

    def run(self, *args: Any, **kwargs: Any) -> Any:
        """Do the step's work; its arguments are what the flow binds, what it returns is its result."""
        raise NotImplementedError(f"{type(self).__name__} has no run(); write what the task does there.")

    @property
    def retry_delay(self) -> timedelta:
        """The pause before the first retry; may be set to all that the constructor takes."""
        return timedelta(seconds=self.retry_delay_seconds)

    @retry_delay.setter
    def retry_delay(self, delay: RetryDelay | None) -> None:
        pauses = pauses_of(delay)
        self.retry_delay_seconds, self.retry_delays = pauses.first, pauses.each
        self.retry_backoff, self.retry_jitter = pauses.factor, pauses.jitter
        self.retry_delay_max_seconds = pauses.most

    @property
    def trigger(self) -> Trigger:
        """What it asks of its upstreams; may be set to a name, to one of `sdk.triggers` or to a function."""
        return self.asks.trigger

    @trigger.setter
    def trigger(self, trigger: Trigger | str | Asked | CustomTrigger | None) -> None:
        self.asks = read_trigger(trigger)

    @property
    def signature(self) -> inspect.Signature:
        """The arguments of `run`."""
        return inspect.signature(self.run)

    def __call__(
        self,
        *args: Any,
        upstream_tasks: Iterable[Any] | None = None,
        task_args: Mapping[str, Any] | None = None,
        flow: Flow | None = None,
        **kwargs: Any,
    ) -> Task:
        """Add a copy of this task to the flow, with these arguments, and return the copy.

        :param upstream_tasks: tasks that must end before it, without handing anything on
        :param task_args: attributes that the copy has otherwise, for example {"name": "second"}
        :raises ValueError: no flow is open
        :raises TypeError: the arguments are not those of `run`
        """
        return self.copy(**(task_args or {})).bind(*args, upstream_tasks=upstream_tasks, flow=flow, **kwargs)

    def map(
        self,
        *args: Any,
        upstream_tasks: Iterable[Any] | None = None,
        task_args: Mapping[str, Any] | None = None,
        flow: Flow | None = None,
        **kwargs: Any,
    ) -> Task:
        """Add a copy of this task that is executed once an item of its arguments, and return the copy.

        There are as many items as the shortest argument has; what `unmapped` is around, every item gets. Its result is
        the list of theirs, in order. Mapped over a mapped task, its items follow that one's, each as soon as it can.

        :param upstream_tasks: tasks that must end before it; of a mapped one, only the same item
        :raises ValueError: no flow is open, or it is inside `apply_map`, which maps by itself
        :raises TypeError: the arguments are not those of `run`, or one is a value without items
        """
        target = open_flow_for(flow, f"map {self!r}")
        if target.is_mapping:
            raise ValueError(f"{self!r} cannot be mapped inside apply_map, which maps what is called in it; call it.")
        return self.copy(**(task_args or {})).bind(
            *args, upstream_tasks=upstream_tasks, mapped=True, flow=target, **kwargs
        )

    def copy(self, **changes: Any) -> Task:
        """Return a copy with other attributes.

        :raises AttributeError: the task has no such attribute
        """
        note_copied(self)
        twin = copy.copy(self)
        twin.slug = changes.pop("slug", f"{self.slug}-copy" if self.has_own_slug else None)
        twin.has_own_slug = twin.slug is not None
        twin.tags = self.tags | tags_of(changes.pop("tags", ()))
        for key, said in changes.items():
            attribute, value = kept(key, said)
            if not hasattr(twin, attribute):
                raise AttributeError(f"{self!r} has no attribute {key!r} to be changed by task_args.")
            setattr(twin, attribute, value)
        return twin

    def bind(
        self,
        *args: Any,
        upstream_tasks: Iterable[Any] | None = None,
        mapped: bool = False,
        flow: Flow | None = None,
        **kwargs: Any,
    ) -> Task:
        """Add this very task to the flow, with these arguments, and return it. Errors are those of calling it.

        :param mapped: whether it is mapped over the arguments, as `map` does
        """
        target = open_flow_for(flow, f"call {self!r}")
        try:
            arguments = named_arguments(self.signature, args, kwargs)
        except TypeError as error:
            raise TypeError(f"{self!r} cannot be called so: {error}.") from None
        target.set_dependencies(self, upstream_tasks=upstream_tasks or (), keyword_tasks=arguments, mapped=mapped)
        return self

    def set_upstream(self, task: Any, flow: Flow | None = None, key: str | None = None, mapped: bool = False) -> Task:
        """Make `task` run before this one; with a key, its result is this one's argument of that name.

        :param mapped: whether this one is executed once an item of it
        """
        target = open_flow_for(flow, f"set an upstream of {self!r}")
        if key is None:
            target.set_dependencies(self, upstream_tasks=[task], mapped=mapped)
        else:
            target.set_dependencies(self, keyword_tasks={key: task}, mapped=mapped)
        return self

    def set_downstream(
        self, task: Task, flow: Flow | None = None, key: str | None = None, mapped: bool = False
    ) -> Task:
        """Make `task` run after this one; with a key, this one's result is its argument of that name."""
        task.set_upstream(self, flow=flow, key=key, mapped=mapped)
        return self

    def set_dependencies(
        self,
        flow: Flow | None = None,
        upstream_tasks: Iterable[Any] | None = None,
        downstream_tasks: Iterable[Task] | None = None,
        keyword_tasks: Mapping[str, Any] | None = None,
        mapped: bool = False,
    ) -> Task:
        """Set several upstreams, downstreams and arguments at once; `mapped`: this one is mapped over them."""
        target = open_flow_for(flow, f"set dependencies of {self!r}")
        target.set_dependencies(
            self,
            upstream_tasks=upstream_tasks or (),
            downstream_tasks=downstream_tasks or (),
            keyword_tasks=keyword_tasks or {},
            mapped=mapped,
        )
        return self

    def __getitem__(self, step: str | int) -> Task:
        """Return the place in this task's result that has this key or index, to be used as an argument.

        :raises TypeError: it is neither text nor a whole number
        :raises ValueError: no path can say it: a negative index, a key with a dot or brackets
        """
        from orchestrator.sdk.collections import Place

        if isinstance(step, bool) or not isinstance(step, str | int):
            raise TypeError(f"A place in the result of {self!r} is a key or an index, not {step!r}.")
        step_into("", step)
        return Place(self, step)

    def __iter__(self) -> Iterator[Task]:
        """Yield the parts of the result, where it is known how many there are.

        :raises TypeError: neither `nout` nor an annotation like `-> tuple[int, str]` says so
        """
        count = self.nout if self.nout is not None else returned_parts(self.run)
        if count is None:
            raise TypeError(
                f"Nobody knows how many parts the result of {self!r} has: annotate run() like -> tuple[int, str], or"
                " give nout=2. Where a list of tasks is wanted, write [...] around it."
            )
        return (self[index] for index in range(count))

    def __or__(self, other: Task) -> Task:
        """`a | b` makes b run after a, and is b."""
        if not isinstance(other, Task):
            return NotImplemented
        self.set_downstream(other)
        return other


class FunctionTask(Task):
    """A task whose `run` is a function."""

    def __init__(self, function: Callable[..., Any], name: str | None = None, **attributes: Any) -> None:
        if not callable(function):
            raise TypeError(f"@task decorates a function, not {function!r}.")
        self.function = function
        self.run = function  # type: ignore[method-assign]
        super().__init__(name or getattr(function, "__name__", None), **attributes)
        functools.update_wrapper(self, function, updated=())


@overload
def task(function: Callable[..., Any], /) -> FunctionTask: ...
@overload
def task(**attributes: Any) -> Callable[[Callable[..., Any]], FunctionTask]: ...
def task(function: Callable[..., Any] | None = None, /, **attributes: Any) -> Any:
    """Turn a function into a task of its name: `@task`, or `@task(max_retries=2, retry_delay=60)`."""
    if function is None:
        return lambda decorated: FunctionTask(decorated, **attributes)
    return FunctionTask(function, **attributes)
