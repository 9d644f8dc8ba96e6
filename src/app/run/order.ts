import * as z from 'zod';
import { HardshellError, workspaceSchema } from '../../contracts/index.ts';

/** What the command line hands over, as one JSON argument. */
const orderSchema = z.strictObject({
  workspace: workspaceSchema,
  /** An unpacked image; null: the programs of this machine. */
  image: z.string().nullable(),
  reads: z.array(z.string()).max(64),
  command: z.array(z.string()).min(1),
});
export type Order = z.infer<typeof orderSchema>;

/** Throws `config_invalid`: whoever starts this by hand is told to use the command. */
export function parseOrder(text: string | undefined): Order {
  try {
    return orderSchema.parse(JSON.parse(text ?? ''));
  } catch (cause) {
    throw new HardshellError('config_invalid', 'this program is started by `hardshell run` only', {
      fate: 'refuse',
      cause,
    });
  }
}
