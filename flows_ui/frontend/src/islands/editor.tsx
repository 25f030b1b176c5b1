/** The page on which a flow of flows is composed. */
import '@xyflow/react/dist/base.css';
import '../canvas/canvas.css';
import '../ui/panels.css';
import '../editor/editor.css';
import '../editor/fields.css';
import { Editor } from '../editor/Editor';
import type { EditorData } from '../editor/store';
import { mountIsland } from '../ui/mountIsland';

mountIsland<EditorData>((data) => <Editor data={data} />);
