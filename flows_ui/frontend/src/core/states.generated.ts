// Made from orchestrator/core/states.py by `manage.py generate`; change that table, not this file.

export const STATE_TABLE = [
  {
    name: 'Scheduled',
    terminal: false,
    meaning: 'A flow run that starts at a later time.',
  },
  {
    name: 'Queued',
    terminal: false,
    meaning: 'A flow run that may start, but a limit says how many run at once; it waits for room.',
  },
  {
    name: 'Pending',
    terminal: false,
    meaning: 'Waits: a task run for its upstreams, a flow run for its first task run to start.',
  },
  {
    name: 'Submitted',
    terminal: false,
    meaning: 'A task run that may start now and waits for a worker.',
  },
  {
    name: 'Running',
    terminal: false,
    meaning: 'A worker executes it, or it waits for its child flow run or its items (which holds no worker).',
  },
  {
    name: 'Retrying',
    terminal: false,
    meaning: 'A task run that failed and starts again when its delay is over.',
  },
  {
    name: 'Paused',
    terminal: false,
    meaning: 'Waits to be approved (a task run) or resumed (a flow run). What runs already goes on.',
  },
  {
    name: 'Cancelling',
    terminal: false,
    meaning: 'A flow run that was cancelled while task runs of it were running; they are being stopped.',
  },
  {
    name: 'Success',
    terminal: true,
    meaning: 'Ended well.',
  },
  {
    name: 'Cached',
    terminal: true,
    meaning: 'Not executed, because an earlier result still holds; counts as successful.',
  },
  {
    name: 'Failed',
    terminal: true,
    meaning: 'Ended with an error; the message and the logs say which.',
  },
  {
    name: 'TimedOut',
    terminal: true,
    meaning: 'Stopped because it took longer than its time limit; counts as failed.',
  },
  {
    name: 'TriggerFailed',
    terminal: true,
    meaning: 'A task run that never started, because its upstreams did not end as its trigger asks.',
  },
  {
    name: 'Skipped',
    terminal: true,
    meaning: 'Not executed on purpose; counts as successful.',
  },
  {
    name: 'Cancelled',
    terminal: true,
    meaning: 'Stopped by a person or by its parent; neither successful nor failed.',
  },
] as const;
