"""What hints are called."""

WORK = "orchestrator.work"
START_DUE = "orchestrator.start_due"
RECOVER = "orchestrator.recover"
RING = "orchestrator.ring"
SWEEP = "orchestrator.sweep"
ADVANCE_BACKFILLS = "orchestrator.advance_backfills"

# The channel group in which every page's socket listens, and what is said there: which flow runs changed. One message
# for all of them costs a worker one publish; a socket that is not concerned lets it pass.
LIVE_GROUP = "flow_runs"
