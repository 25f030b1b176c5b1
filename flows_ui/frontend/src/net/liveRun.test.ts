import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { FlowRun } from '../core/runs';
import { followRun, type Link } from './liveRun';

class FakeSocket {
  static opened: FakeSocket[] = [];
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  close = vi.fn();

  constructor(readonly url: string) {
    FakeSocket.opened.push(this);
  }

  send(message: unknown): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
}

const run = (state: string) => ({ id: 'r', state, task_runs: [] }) as unknown as FlowRun;
const snapshot = (state: string) => ({ type: 'snapshot', sequence: 0, flow_run: run(state) });
const change = (sequence: number, state: string) => ({
  type: 'change',
  sequence,
  flow_run: { state },
  task_runs: [],
});

const fetched = vi.fn();
let seen: { states: string[]; links: Link['kind'][] };
let stop: () => void;
const socket = () => FakeSocket.opened.at(-1) as FakeSocket;

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('WebSocket', FakeSocket);
  vi.stubGlobal('location', { protocol: 'https:', host: 'example.test' });
  vi.stubGlobal('fetch', fetched);
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
  fetched.mockReset();
  FakeSocket.opened = [];
  seen = { states: [], links: [] };
  stop = followRun('r', {
    onSnapshot: (found) => seen.states.push(`snapshot ${found.state}`),
    onChange: (found) => seen.states.push(`change ${found.state}`),
    onLink: (link) => seen.links.push(link.kind),
  });
});

afterEach(() => {
  stop();
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

it('takes a snapshot and the changes after it', () => {
  expect(socket().url).toBe('wss://example.test/ws/flow-runs/r/');

  socket().send(snapshot('Running'));
  socket().send(change(1, 'Success'));
  socket().send({ type: 'heartbeat', sequence: 1 });

  expect(seen).toEqual({ states: ['snapshot Running', 'change Success'], links: ['live'] });
});

it.each([
  ['a change', change(3, 'Success')],
  ['a heartbeat', { type: 'heartbeat', sequence: 2 }],
])('asks for a new snapshot when %s shows a gap', async (_, message) => {
  socket().send(snapshot('Running'));
  socket().send(message);
  await vi.advanceTimersByTimeAsync(500);
  socket().send(snapshot('Success'));

  expect(FakeSocket.opened).toHaveLength(2);
  expect(seen.states).toEqual(['snapshot Running', 'snapshot Success']);
  expect(seen.links).toEqual(['live', 'reconnecting', 'live']);
});

it('takes a silent socket for dead', async () => {
  socket().send(snapshot('Running'));
  await vi.advanceTimersByTimeAsync(40_600);

  expect(FakeSocket.opened).toHaveLength(2);
});

it('polls while it cannot connect, and says so when that fails too', async () => {
  fetched.mockResolvedValueOnce(Response.json(run('Running'))).mockRejectedValue(new Error('down'));
  socket().send(snapshot('Pending'));
  socket().onclose?.({ code: 1006 });
  await vi.advanceTimersByTimeAsync(500);
  socket().onclose?.({ code: 1006 });
  await vi.advanceTimersByTimeAsync(10);
  expect(seen.states.at(-1)).toBe('snapshot Running');
  expect(seen.links.at(-1)).toBe('reconnecting');

  await vi.advanceTimersByTimeAsync(5_100);

  expect(seen.links.at(-1)).toBe('stale');
});

it('does not come back where it is not wanted', async () => {
  socket().onclose?.({ code: 4404 });
  await vi.advanceTimersByTimeAsync(60_000);

  expect(FakeSocket.opened).toHaveLength(1);
  expect(seen.links).toEqual(['refused']);
});
