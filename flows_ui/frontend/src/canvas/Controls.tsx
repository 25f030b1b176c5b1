import { Panel } from '@xyflow/react';
import { Maximize, ZoomIn, ZoomOut } from 'lucide-react';
import type { ReactNode } from 'react';
import { commandTitle } from '../ui/platform';
import { useCamera } from './useCamera';

/** Buttons in a corner of the canvas; `children` are further ones. */
export function ZoomControls({ children }: { children?: ReactNode }) {
  const camera = useCamera();
  return (
    <Panel position="bottom-left" className="canvas-controls">
      <IconButton title={commandTitle('canvas.zoomIn')} name="Zoom in" onClick={camera.zoomIn}>
        <ZoomIn />
      </IconButton>
      <IconButton title={commandTitle('canvas.zoomOut')} name="Zoom out" onClick={camera.zoomOut}>
        <ZoomOut />
      </IconButton>
      <IconButton title={commandTitle('canvas.fit')} name="Fit to window" onClick={camera.fit}>
        <Maximize />
      </IconButton>
      {children}
    </Panel>
  );
}

interface IconButtonProps {
  name: string;
  title: string;
  onClick: () => void;
  children: ReactNode;
  disabled?: boolean;
  isPressed?: boolean;
}

/** A button that is an icon: `name` is what it is called, `title` says its key as well. */
export function IconButton({ name, title, onClick, children, disabled, isPressed }: IconButtonProps) {
  return (
    <button
      type="button"
      className="button button--ghost button--icon"
      aria-label={name}
      aria-pressed={isPressed}
      title={title}
      disabled={disabled}
      onClick={onClick}
    >
      {children}
    </button>
  );
}
