/** The latest version of a flow on its page: a canvas to look at. */
import '@xyflow/react/dist/base.css';
import '../canvas/canvas.css';
import { type NodeProps, ReactFlowProvider } from '@xyflow/react';
import { memo } from 'react';
import { CardFrame } from '../canvas/CardFrame';
import { spokenName } from '../canvas/CardName';
import { placedForScreen } from '../canvas/direction';
import type { CardNode } from '../canvas/elements';
import { TaskLines } from '../canvas/TaskLines';
import { Viewer } from '../canvas/Viewer';
import { EMPTY_GRAPH, type Graph } from '../core/graph';
import { mountIsland } from '../ui/mountIsland';

const PlainCard = memo(({ data }: NodeProps<CardNode>) => (
  <CardFrame slug={data.task.slug} kind={data.task.kind} label={spokenName(data)} isSelected={false}>
    <TaskLines data={data} />
  </CardFrame>
));

const NODE_TYPES = { card: PlainCard };

mountIsland<{ graph: Graph | null }>(({ graph }) => (
  <ReactFlowProvider>
    <Viewer graph={placedForScreen(graph ?? EMPTY_GRAPH)} nodeTypes={NODE_TYPES} isEmbedded />
  </ReactFlowProvider>
));
