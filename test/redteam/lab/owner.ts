import type { Approval } from '../../../src/contracts/index.ts';
import { approvalSchema, toShownApproval } from '../../../src/contracts/control-answers.ts';
import { attentionAddresses } from '../../../src/control/attention.ts';
import { until } from './wait.ts';
import { brief, textOf, Wire, type Frame } from './wire.ts';

const TERMINAL = { method: 'terminal' } as const;

/** The honest owner, on the control socket: every twin needs one. */
export class Owner {
  readonly wire: Wire;

  private constructor(wire: Wire) {
    this.wire = wire;
  }

  static async open(socket: string): Promise<Owner> {
    return new Owner(await Wire.open(socket));
  }

  close(): void {
    this.wire.close();
  }

  ask(frame: object): Promise<Frame> {
    return this.wire.ask(frame);
  }

  /** The approval of a request, in full, as it is shown. */
  async find(rid: string): Promise<Approval> {
    return until('the question', async () => {
      for (const { id } of await this.list()) {
        const shown = await this.show(id);
        if (shown.request === rid) return shown;
      }
      return undefined;
    });
  }

  async list(): Promise<{ id: string; session: string; state: string }[]> {
    const answer = await this.ask({ type: 'approvals_list', all: true });
    const approvals = answer['approvals'];
    if (!Array.isArray(approvals)) throw new Error(`no list: ${brief(answer)}`);
    return approvals as { id: string; session: string; state: string }[];
  }

  async show(id: string): Promise<Approval> {
    const answer = await this.ask({ type: 'approvals_show', approval: id });
    return toShownApproval(approvalSchema.parse(answer['approval']));
  }

  /** Yes or no to a question, with whatever attention it wants. */
  answer(approval: Approval, verdict: 'approve' | 'deny'): Promise<Frame> {
    const typed = attentionAddresses(approval.content).join(' ');
    return this.ask({
      type: 'approvals_answer',
      approval: approval.id,
      ah: approval.ah,
      verdict,
      ...(typed === '' ? {} : { typed }),
      presence: TERMINAL,
    });
  }

  async approve(rid: string): Promise<Approval> {
    const approval = await this.find(rid);
    const answer = await this.answer(approval, 'approve');
    if (answer['type'] !== 'approvals_answer') throw new Error(`not approved: ${brief(answer)}`);
    return approval;
  }

  async deny(rid: string): Promise<Frame> {
    return this.answer(await this.find(rid), 'deny');
  }

  /** Opens a session for words of the owner; its name. */
  async instruct(text: string, more: { to?: string[]; item?: string; standing?: boolean } = {}): Promise<string> {
    return textOf(await this.ask({ type: 'instruct', text, ...more, presence: TERMINAL }), 'session');
  }

  async putContact(address: string, name: string): Promise<void> {
    const answer = await this.ask({ type: 'contacts_put', contact: { address, name }, presence: TERMINAL });
    if (answer['type'] !== 'contacts_put') throw new Error(`no contact: ${brief(answer)}`);
  }

  async confirm(name: 'policy' | 'contacts' | 'config'): Promise<Frame> {
    const shown = await this.ask({ type: 'confirm_show', name });
    return this.ask({ type: 'confirm', name, digest: textOf(shown, 'digest'), presence: TERMINAL });
  }

  async inbox(): Promise<
    { item: string; from: string; subject: string; state: string; warned: boolean; handled: boolean }[]
  > {
    const answer = await this.ask({ type: 'inbox_list', limit: 200 });
    return answer['items'] as Awaited<ReturnType<Owner['inbox']>>;
  }
}
