/** Saves what a person edits, a moment after the last edit, and never lets an edit go missing silently. */
import { ApiProblem, messageOf } from './api';

export type SaveState =
  | { kind: 'saved' }
  | { kind: 'waiting' }
  | { kind: 'saving' }
  | { kind: 'offline'; message: string }
  | { kind: 'refused'; message: string }
  | { kind: 'stale'; message: string };

export interface Saved {
  revision: number;
}

export interface AutosaveOptions<T, S extends Saved> {
  revision: number;
  save: (document: T, revision: number) => Promise<S>;
  onState: (state: SaveState) => void;
  onSaved: (saved: S) => void;
}

const DEBOUNCE = 600;
const FIRST_RETRY = 2_000;
const LAST_RETRY = 30_000;

export class Autosave<T, S extends Saved> {
  private revision: number;
  private unsaved: { document: T } | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private running: Promise<void> | null = null;
  private failures = 0;
  private state: SaveState = { kind: 'saved' };

  constructor(private readonly options: AutosaveOptions<T, S>) {
    this.revision = options.revision;
  }

  get currentRevision(): number {
    return this.revision;
  }

  get isSaved(): boolean {
    return this.state.kind === 'saved';
  }

  /** Take over a new document; it is saved when no other follows for a moment. */
  edited(document: T): void {
    this.unsaved = { document };
    if (this.state.kind === 'stale') return;
    if (this.state.kind !== 'saving' && this.state.kind !== 'offline') this.become({ kind: 'waiting' });
    this.schedule(DEBOUNCE);
  }

  /** Save now. True once everything is saved, false if it could not be. */
  async flush(): Promise<boolean> {
    clearTimeout(this.timer);
    await this.running;
    while (this.unsaved && this.state.kind !== 'stale') {
      const before = this.unsaved;
      await this.start();
      if (this.unsaved === before) break;
    }
    return this.isSaved;
  }

  /** Save this document over what somebody else saved meanwhile. */
  overwrite(revision: number): Promise<boolean> {
    this.revision = revision;
    this.become({ kind: 'waiting' });
    return this.flush();
  }

  private schedule(delay: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.start(), delay);
  }

  private start(): Promise<void> {
    this.running ??= this.saveOnce().finally(() => {
      this.running = null;
      if (this.unsaved && this.state.kind === 'waiting') this.schedule(0);
    });
    return this.running;
  }

  private async saveOnce(): Promise<void> {
    const sent = this.unsaved;
    if (!sent) return;
    this.become({ kind: 'saving' });
    try {
      const saved = await this.options.save(sent.document, this.revision);
      this.revision = saved.revision;
      this.failures = 0;
      if (this.unsaved === sent) this.unsaved = null;
      this.become({ kind: this.unsaved ? 'waiting' : 'saved' });
      this.options.onSaved(saved);
    } catch (error) {
      this.failed(error);
    }
  }

  private failed(error: unknown): void {
    const message = messageOf(error);
    if (error instanceof ApiProblem && error.httpStatus === 409) {
      this.become({ kind: 'stale', message });
    } else if (error instanceof ApiProblem && error.httpStatus !== 429) {
      this.become({ kind: 'refused', message });
    } else {
      this.become({ kind: 'offline', message });
      this.failures += 1;
      this.schedule(Math.min(LAST_RETRY, FIRST_RETRY * 2 ** (this.failures - 1)));
    }
  }

  private become(state: SaveState): void {
    this.state = state;
    this.options.onState(state);
  }
}
