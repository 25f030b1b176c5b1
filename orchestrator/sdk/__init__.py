"""The authoring API: what a flows.py imports."""

from orchestrator.sdk import cache_validators, signals, states
from orchestrator.sdk.annotations import flatten, mapped, unmapped
from orchestrator.sdk.approval import Approval
from orchestrator.sdk.context import context
from orchestrator.sdk.control_flow import case, ifelse, merge, switch
from orchestrator.sdk.edges import Edge
from orchestrator.sdk.flow_runs import create_flow_run, get_task_run_result, wait_for_flow_run
from orchestrator.sdk.flows import Flow
from orchestrator.sdk.mapping import apply_map
from orchestrator.sdk.missing import refuse_missing
from orchestrator.sdk.parameters import Parameter
from orchestrator.sdk.retries import Backoff
from orchestrator.sdk.schedules import CronSchedule, IntervalSchedule, Schedule
from orchestrator.sdk.serializers import register_serializer
from orchestrator.sdk.signals import pause_task
from orchestrator.sdk.start_flow_run import StartFlowRun
from orchestrator.sdk.states import RunState
from orchestrator.sdk.tasks import Task, task

__all__ = [
    "Approval",
    "Backoff",
    "CronSchedule",
    "Edge",
    "Flow",
    "IntervalSchedule",
    "Parameter",
    "RunState",
    "Schedule",
    "StartFlowRun",
    "Task",
    "apply_map",
    "cache_validators",
    "case",
    "context",
    "create_flow_run",
    "flatten",
    "get_task_run_result",
    "ifelse",
    "mapped",
    "merge",
    "pause_task",
    "register_serializer",
    "signals",
    "states",
    "switch",
    "task",
    "unmapped",
    "wait_for_flow_run",
]

__getattr__ = refuse_missing(
    __name__,
    {
        "DateTimeParameter": "write Parameter(name, type=datetime)",
        "CancelFlowRun": "a flow run is cancelled in the browser, or by POST /api/v1/flow-runs/<id>/cancel/",
        "RenameFlowRun": "name a flow run where it is started, by run_name",
        "RRuleSchedule": "write a CronSchedule, an IntervalSchedule or schedules.clocks.DatesClock",
    },
)
