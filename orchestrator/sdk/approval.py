"""The task that waits for a person."""

from collections.abc import Iterable, Mapping
from typing import Any

from orchestrator.core.bindings import Binding
from orchestrator.core.graph import ApproverRole, OnTimeLimit, TaskKind
from orchestrator.core.task_fields import MAX_MESSAGE
from orchestrator.core.triggers import Trigger
from orchestrator.sdk.collections import holds_task
from orchestrator.sdk.durations import Duration, limit_of
from orchestrator.sdk.engine_tasks import EngineTask
from orchestrator.sdk.literals import literal
from orchestrator.sdk.tasks import Task


class Approval(EngineTask):
    """Waits, without a worker, until a person approves or rejects it on the flow run's page or by the API.

    Its result is an object: the parameters as the person left them, `approved_by` and `reason`. Rejected, it Failed.
    `flow.run()` asks at the terminal.

    :param name: what people see
    :param message: what they are asked
    :param role: who may answer: people with at least the role "operator" or "editor" in the flow's project
    :param time_limit: how long to wait for an answer, a timedelta or seconds; without end unless given
    :param on_time_limit: what no answer means: "fail" (it is TimedOut) or "approve"
    :param parameters: what they are shown to edit; values known only at run time are passed when the task is called
    :raises ValueError: an unknown role, `on_time_limit` or trigger, or the trigger `manual_only`
    :raises TypeError: a task among the parameters
    """

    def __init__(
        self,
        name: str | None = None,
        *,
        message: str = "",
        role: ApproverRole | str = ApproverRole.OPERATOR,
        time_limit: Duration | None = None,
        on_time_limit: OnTimeLimit | str = OnTimeLimit.FAIL,
        parameters: Mapping[str, Any] | None = None,
        slug: str | None = None,
        tags: Iterable[str] | None = None,
        trigger: Trigger | str = Trigger.ALL_SUCCESSFUL,
        skip_on_upstream_skip: bool = True,
    ) -> None:
        if parameters is not None and holds_task(dict(parameters)):
            raise TypeError(
                "The parameters of an Approval's constructor cannot hold tasks; pass them when it is called in the"
                " flow: approval(parameters={...})."
            )
        if not isinstance(trigger, str) or trigger in (Trigger.MANUAL_ONLY, Trigger.CUSTOM):
            raise ValueError(f"An Approval waits for a person by itself; its trigger cannot be {trigger!r}.")
        if len(message) > MAX_MESSAGE:
            raise ValueError(f"The message of an Approval has at most {MAX_MESSAGE} characters, not {len(message)}.")
        self.message = message
        self.role = _one_of(ApproverRole, role, "role")
        self.on_time_limit = _one_of(OnTimeLimit, on_time_limit, "on_time_limit")
        self.parameters = dict(parameters) if parameters is not None else None
        super().__init__(
            name,
            slug=slug,
            tags=tags,
            timeout=limit_of(time_limit, "time_limit"),
            trigger=trigger,
            skip_on_upstream_skip=skip_on_upstream_skip,
        )

    def map(self, *_: Any, **__: Any) -> Task:
        """Refuse: one approval asks one question; give it the whole list as a parameter."""
        raise ValueError(f"{self!r} cannot be mapped; pass it the whole list as one of its parameters.")

    def run(self, parameters: Mapping[str, Any] | None = None) -> Any:
        """Say what may be passed when the task is called in a flow; a person answers, not this method."""
        raise RuntimeError("An Approval is answered as part of a flow run; call it inside a flow.")

    def compiled(self, inputs: dict[str, Binding], project: str | None) -> dict[str, Any]:
        """Return a task that asks a person, proposing what the call passed, or what the constructor said."""
        said = {} if self.parameters is None else {"parameters": literal(self.parameters, f"parameters of {self!r}")}
        return {
            "kind": TaskKind.APPROVAL,
            "inputs": inputs or said,
            "message": self.message,
            "role": self.role,
            "on_time_limit": self.on_time_limit,
        }


def _one_of(choices: Any, value: Any, what: str) -> Any:
    try:
        return choices(value)
    except ValueError:
        raise ValueError(f"There is no {what} {value!r}; there are {', '.join(choices)}.") from None
