import { useEffect } from 'react';

export interface Notice {
  id: number;
  text: string;
  tone: 'plain' | 'danger';
}

const SHOWN = 5_000;

/** Toasts that people see and screen readers speak, and what is only spoken. */
export function Notices({
  notices,
  spoken,
  onExpire,
}: {
  notices: Notice[];
  spoken: string;
  onExpire: (id: number) => void;
}) {
  return (
    <>
      <div className="toast-region" role="status">
        {notices.map((notice) => (
          <Toast key={notice.id} notice={notice} onExpire={onExpire} />
        ))}
      </div>
      <div className="visually-hidden" aria-live="polite" data-spoken>
        {spoken}
      </div>
    </>
  );
}

function Toast({ notice, onExpire }: { notice: Notice; onExpire: (id: number) => void }) {
  useEffect(() => {
    const timer = setTimeout(() => onExpire(notice.id), SHOWN);
    return () => clearTimeout(timer);
  }, [notice.id, onExpire]);
  return <div className={`toast${notice.tone === 'danger' ? ' toast--danger' : ''}`}>{notice.text}</div>;
}
