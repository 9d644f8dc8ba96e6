import * as z from 'zod';
import { HardshellError, workspaceSchema } from '../../contracts/index.ts';

/** What the command line hands over, as one JSON argument. */
const orderSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('agent'),
    workspace: workspaceSchema,
    root: z.discriminatedUnion('kind', [
      /** The programs of this machine. */
      z.strictObject({ kind: z.literal('host-ro') }),
      /** An unpacked image. */
      z.strictObject({ kind: z.literal('image'), directory: z.string() }),
      /** Name or id of an image that the Docker engine has: its driver builds the wall. */
      z.strictObject({ kind: z.literal('engine-image'), reference: z.string() }),
    ]),
    reads: z.array(z.string()).max(64),
    command: z.array(z.string()).min(1),
  }),
  /** A Node script behind the same wall as a running zone. */
  z.strictObject({ kind: z.literal('exec'), zone: z.string().max(100), command: z.array(z.string()).min(1) }),
]);
export type Order = z.infer<typeof orderSchema>;
export type AgentOrder = Extract<Order, { kind: 'agent' }>;
export type ExecOrder = Extract<Order, { kind: 'exec' }>;

/** Throws `config_invalid`: whoever starts this by hand is told to use the command. */
export function parseOrder(text: string | undefined): Order {
  try {
    return orderSchema.parse(JSON.parse(text ?? ''));
  } catch (cause) {
    throw new HardshellError(
      'config_invalid',
      'this program is started by `hardshell run` and `hardshell zone exec` only',
      {
        fate: 'refuse',
        cause,
      },
    );
  }
}
