"""The latest version of flows that a transaction starts: as this process knows it, or asked for once and early.

What a process read last is believed without asking, and the transaction asks on its way whether it still holds: nobody
waits for that answer but the COMMIT.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from orchestrator.core.graph import FlowName
from orchestrator.engine.database import ask, believe, rows, send
from orchestrator.engine.steps import Step
from orchestrator.engine.version_statements import LATEST_OF_NAMES, LATEST_VERSION, STILL_LATEST
from orchestrator.engine.versions import Latest, load_version


@dataclass(frozen=True, slots=True)
class _Row:
    """What a flow's row says. `name` is as it was asked for; None where the flow was known by its id."""

    name: FlowName | None
    flow_id: int
    version_id: int | None
    flow_is_limited: bool
    project_is_limited: bool

    def read(self) -> Latest:
        version = load_version(self.version_id) if self.version_id else None
        return Latest(version, self.flow_is_limited, self.project_is_limited)


_known: dict[FlowName | int, _Row] = {}


def ask_for_versions(step: Step, flows: Iterable[FlowName]) -> None:
    """Send the question for the latest versions of flows that this transaction will perhaps start."""
    wanted = [flow for flow in flows if flow not in step.asked and not (flow in _known and believe())]
    if wanted:
        answer = ask(
            LATEST_OF_NAMES,
            overtakes=True,
            projects=[flow.project for flow in wanted],
            names=[flow.name for flow in wanted],
        )
        step.asked |= dict.fromkeys(wanted, answer)


def latest_versions(step: Step, flows: Iterable[FlowName]) -> dict[FlowName, Latest]:
    """Return the latest version of each flow that exists."""
    wanted = set(flows)
    ask_for_versions(step, wanted)
    for answer in {step.asked[flow] for flow in wanted if flow in step.asked and flow not in step.latest}:
        for project, name, *row in answer():
            flow = FlowName(project, name)
            _known[flow] = _Row(flow, *row)
            step.latest[flow] = _known[flow].read()
    believed = [flow for flow in wanted if flow not in step.asked and flow not in step.latest]
    step.latest |= {flow: _known[flow].read() for flow in believed}
    _check([_known[flow] for flow in believed])
    return {flow: step.latest[flow] for flow in wanted if flow in step.latest}


def latest_of(flow_id: int) -> Latest:
    """Return the latest version of a flow."""
    if flow_id in _known and believe():
        _check([_known[flow_id]])
        return _known[flow_id].read()
    found = rows(LATEST_VERSION, overtakes=True, flow_id=flow_id)
    if not found:
        return Latest(None)
    _known[flow_id] = _Row(None, flow_id, *found[0])
    return _known[flow_id].read()


def _check(believed: list[_Row]) -> None:
    """Have the transaction fail if a row is not as it is believed to be."""
    if believed:
        send(
            STILL_LATEST,
            overtakes=True,
            count=len(believed),
            flows=[row.flow_id for row in believed],
            versions=[row.version_id for row in believed],
            projects=[row.name and row.name.project for row in believed],
            names=[row.name and row.name.name for row in believed],
            limited=[row.flow_is_limited for row in believed],
            projects_limited=[row.project_is_limited for row in believed],
        )
