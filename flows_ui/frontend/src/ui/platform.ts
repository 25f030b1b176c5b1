/** What the reader's machine is like, as far as keys are concerned. */
import { type CommandId, titleOf } from '../core/commands';

export const IS_MAC = /Mac|iPhone|iPad/.test(navigator.platform);

/** The title of a button that does this. */
export const commandTitle = (id: CommandId): string => titleOf(id, IS_MAC);
