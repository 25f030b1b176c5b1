import { useEffect, useRef, useState } from 'react';
import type { TaskRun } from '../core/runs';
import { isTerminal } from '../core/states';
import { call, messageOf } from '../net/api';
import { useRun } from './store';

interface LogLine {
  id: number;
  attempt: number;
  at: string;
  /** As Python's logging counts: 10, 20, 30, 40, 50. */
  level: number;
  message: string;
}

const POLL = 2_000;
const PAGE = 200;

/** What a task run logged, and goes on logging while it runs. */
export function Logs({ taskRun }: { taskRun: TaskRun }) {
  const run = useRun((state) => state.run.id);
  const { lines, failure, isComplete } = useLogLines(run, taskRun.id, isTerminal(taskRun.state));
  const box = useRef<HTMLOListElement>(null);
  const isAtEnd = useRef(true);
  useEffect(() => {
    if (isAtEnd.current && lines.length) box.current?.scrollTo({ top: box.current.scrollHeight });
  }, [lines]);
  if (failure) return <p className="notice notice--danger">{failure}</p>;
  if (lines.length === 0) {
    return <p className="muted small">{isComplete ? 'It logged nothing.' : 'Nothing logged yet.'}</p>;
  }
  return (
    <ol
      className="logs"
      ref={box}
      aria-label="Logs"
      onScroll={({ currentTarget: { scrollTop, clientHeight, scrollHeight } }) => {
        isAtEnd.current = scrollTop + clientHeight > scrollHeight - 24;
      }}
    >
      {lines.map((line, index) => (
        <li key={line.id} data-level={levelName(line.level)}>
          {line.attempt !== lines[index - 1]?.attempt && line.attempt > 1 && (
            <span className="logs__attempt">Attempt {line.attempt}</span>
          )}
          <time dateTime={line.at} title={line.at}>
            {new Date(line.at).toLocaleTimeString('en-GB')}
          </time>
          <span className="logs__level">{levelName(line.level)}</span>
          <span className="logs__text" data-long={line.message.includes('\n') || undefined}>
            {line.message}
          </span>
        </li>
      ))}
    </ol>
  );
}

const levelName = (level: number): string => {
  if (level >= 40) return 'error';
  if (level >= 30) return 'warning';
  return level >= 20 ? 'info' : 'debug';
};

function useLogLines(run: string, taskRun: string, isEnded: boolean) {
  const [lines, setLines] = useState<LogLine[]>([]);
  const [failure, setFailure] = useState('');
  const [isComplete, setComplete] = useState(false);
  const last = useRef(0);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>;
    let isStopped = false;
    const read = async () => {
      try {
        const path = `flow-runs/${run}/logs/?task_run=${taskRun}&after=${last.current}&page_size=${PAGE}`;
        const { results, next } = await call<{ results: LogLine[]; next: string | null }>('GET', path);
        if (isStopped) return;
        last.current = results.at(-1)?.id ?? last.current;
        if (results.length) setLines((before) => [...before, ...results]);
        setFailure('');
        if (next) return void read();
        setComplete(isEnded);
      } catch (error) {
        if (!isStopped) setFailure(messageOf(error));
      }
      if (!isEnded && !isStopped) timer = setTimeout(() => void read(), POLL);
    };
    void read();
    return () => {
      isStopped = true;
      clearTimeout(timer);
    };
  }, [run, taskRun, isEnded]);
  return { lines, failure, isComplete };
}
