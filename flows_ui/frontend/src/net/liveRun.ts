/** Follows one flow run: a socket with snapshot and numbered changes, and polling while the socket is down. */
import type { FlowRun, ServerMessage, TaskRun } from '../core/runs';
import { call } from './api';

export type Link =
  | { kind: 'live' }
  | { kind: 'reconnecting' }
  | { kind: 'stale'; since: number }
  | { kind: 'refused'; message: string };

export interface Follower {
  onSnapshot: (run: FlowRun) => void;
  onChange: (change: Partial<FlowRun>, taskRuns: TaskRun[]) => void;
  onLink: (link: Link) => void;
}

const FIRST_DELAY = 500;
const LAST_DELAY = 15_000;
const POLL = 5_000;
/** Heartbeats come every 15 s; a socket that is silent for longer than two of them is dead. */
const SILENCE = 40_000;
const REFUSALS: Record<number, string> = {
  4401: 'You are signed out. Sign in again to follow this run.',
  4403: 'This page may not open a live connection.',
  4404: 'This run is not there any more, or not for you.',
};

/** Start following; call what it returns to stop. */
export function followRun(id: string, follower: Follower): () => void {
  const live = new LiveRun(id, follower);
  live.connect();
  return () => live.stop();
}

class LiveRun {
  private socket: WebSocket | null = null;
  private sequence: number | null = null;
  private attempts = 0;
  private isStopped = false;
  private isStale = false;
  private lastFresh = Date.now();
  private reconnectTimer: ReturnType<typeof setTimeout> | undefined;
  private pollTimer: ReturnType<typeof setTimeout> | undefined;
  private silenceTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly id: string,
    private readonly follower: Follower,
  ) {}

  connect(): void {
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
    const socket = new WebSocket(`${scheme}://${location.host}/ws/flow-runs/${this.id}/`);
    this.socket = socket;
    this.sequence = null;
    this.listenForSilence();
    socket.onmessage = (event) => this.receive(JSON.parse(String(event.data)) as ServerMessage);
    socket.onclose = (event) => this.closed(socket, event.code);
  }

  stop(): void {
    this.isStopped = true;
    this.socket?.close();
    clearTimeout(this.reconnectTimer);
    clearTimeout(this.pollTimer);
    clearTimeout(this.silenceTimer);
  }

  private receive(message: ServerMessage): void {
    this.listenForSilence();
    this.lastFresh = Date.now();
    if (message.type === 'snapshot') {
      this.sequence = message.sequence;
      this.attempts = 0;
      this.isStale = false;
      clearTimeout(this.pollTimer);
      this.follower.onSnapshot(message.flow_run);
      this.follower.onLink({ kind: 'live' });
      return;
    }
    const expected = message.type === 'change' ? (this.sequence ?? 0) + 1 : this.sequence;
    if (message.sequence !== expected) {
      this.drop();
    } else if (message.type === 'change') {
      this.sequence = message.sequence;
      this.follower.onChange(message.flow_run, message.task_runs);
    }
  }

  /** Give this socket up and get a new snapshot through the next one. */
  private drop(): void {
    const socket = this.socket;
    if (!socket) return;
    socket.onmessage = null;
    socket.close();
    this.closed(socket, 0);
  }

  private closed(socket: WebSocket, code: number): void {
    if (this.isStopped || socket !== this.socket) return;
    this.socket = null;
    clearTimeout(this.silenceTimer);
    const refusal = REFUSALS[code];
    if (refusal) {
      this.follower.onLink({ kind: 'refused', message: refusal });
      return;
    }
    if (!this.isStale) this.follower.onLink({ kind: 'reconnecting' });
    const delay = Math.min(LAST_DELAY, FIRST_DELAY * 2 ** this.attempts) * (0.5 + Math.random());
    this.attempts += 1;
    this.reconnectTimer = setTimeout(() => this.connect(), delay);
    clearTimeout(this.pollTimer);
    this.pollTimer = setTimeout(() => void this.poll(), this.attempts > 1 ? 0 : POLL);
  }

  private async poll(): Promise<void> {
    try {
      const run = await call<FlowRun>('GET', `flow-runs/${this.id}/`);
      if (this.isStopped || this.sequence !== null) return;
      this.lastFresh = Date.now();
      this.isStale = false;
      this.follower.onSnapshot(run);
      this.follower.onLink({ kind: 'reconnecting' });
    } catch {
      if (this.isStopped || this.sequence !== null) return;
      this.isStale = true;
      this.follower.onLink({ kind: 'stale', since: this.lastFresh });
    }
    clearTimeout(this.pollTimer);
    this.pollTimer = setTimeout(() => void this.poll(), POLL);
  }

  private listenForSilence(): void {
    clearTimeout(this.silenceTimer);
    this.silenceTimer = setTimeout(() => this.drop(), SILENCE);
  }
}
