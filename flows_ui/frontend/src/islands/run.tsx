/** The page on which a flow run is watched. */
import '@xyflow/react/dist/base.css';
import '../canvas/canvas.css';
import '../ui/panels.css';
import '../runs/cards.css';
import '../runs/taskRunPanel.css';
import '../runs/runs.css';
import { RunPage } from '../runs/RunPage';
import type { RunData } from '../runs/store';
import { mountIsland } from '../ui/mountIsland';

mountIsland<RunData>((data) => <RunPage data={data} />);
