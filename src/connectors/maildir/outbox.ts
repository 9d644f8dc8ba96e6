import { join } from 'node:path';
import { PAYLOAD_BYTES_MAX } from '../base/payload-transfer.ts';
import { payloadDigest } from '../base/payload.ts';
import type { Act, PerformOutcome } from '../base/provider.ts';
import { nodeFiles, type OutboxFiles } from './files.ts';
import { errorCode } from '../base/dropped.ts';

const JTI = /^[A-Za-z0-9_-]{1,64}$/;

/**
 * The folder that mail goes out by. A mail is "sent" when its name appears in `new`; the name comes from the grant, so
 * the same act twice is one mail. Order of the durable steps, and what a crash after each leaves behind:
 *   1. `tmp/<jti>` with the MIME bytes           → not sent
 *   2. `envelopes/<jti>.json`                    → not sent (`tmp` is still there)
 *   3. second name `new/<jti>.hardshell`         → sent
 *   4. `tmp/<jti>` removed                       → sent
 * An envelope without `tmp` and without a mail therefore means that somebody took a sent mail away: unknown.
 */
export class MaildirOutbox {
  readonly #path: string;
  readonly #files: OutboxFiles;

  private constructor(path: string, files: OutboxFiles) {
    this.#path = path;
    this.#files = files;
  }

  /** Makes the folders where they are missing. */
  static async open(path: string, files: OutboxFiles = nodeFiles): Promise<MaildirOutbox> {
    for (const name of ['tmp', 'new', 'cur', 'envelopes']) await files.makeFolder(join(path, name));
    return new MaildirOutbox(path, files);
  }

  /** Writes the mail, at most once for each `jti`. Never throws. */
  async perform(act: Act): Promise<PerformOutcome> {
    if (!JTI.test(act.jti)) return { state: 'failed', reason: 'refused' };
    const before = await this.reconcile(act);
    const at = this.#places(act.jti);
    if (before.state === 'succeeded') await this.#files.remove(at.tmp).catch(() => undefined);
    if (before.state !== 'absent') return before;
    try {
      await this.#prepare(at, act);
    } catch (error) {
      return this.#undo(at, error);
    }
    try {
      await this.#files.publish(at.tmp, at.mail);
    } catch (error) {
      return (await this.#isPublished(at)) ? { state: 'unknown', reason: 'io' } : this.#undo(at, error);
    }
    return this.#finish(at, act);
  }

  /** What the folder says of an act. Never throws. */
  async reconcile(asked: Pick<Act, 'jti' | 'wh'>): Promise<PerformOutcome> {
    if (!JTI.test(asked.jti)) return { state: 'absent', reason: 'not_found' };
    const at = this.#places(asked.jti);
    try {
      const mail = await this.#findMail(at, asked.jti);
      const envelope = await this.#files.read(at.envelope, PAYLOAD_BYTES_MAX);
      if (mail === null) {
        const takenAway = envelope !== null && !(await this.#files.exists(at.tmp));
        return takenAway ? { state: 'unknown', reason: 'mismatch' } : { state: 'absent', reason: 'not_found' };
      }
      const accepted = payloadDigest(envelope ?? Buffer.alloc(0), mail);
      return accepted === asked.wh
        ? { state: 'succeeded', accepted }
        : { state: 'unknown', reason: 'mismatch', accepted };
    } catch {
      return { state: 'unknown', reason: 'io' };
    }
  }

  async #prepare(at: Places, act: Act): Promise<void> {
    // Left by a crash before step 3; the mail was not sent.
    await this.#files.remove(at.envelope);
    await this.#files.remove(at.tmp);
    await this.#files.writeNew(at.tmp, act.content);
    await this.#files.syncFolder(join(this.#path, 'tmp'));
    await this.#files.writeNew(at.envelope, act.envelope);
    await this.#files.syncFolder(join(this.#path, 'envelopes'));
  }

  /** After the mail is visible nothing can make it unsent: what fails from here on is at worst unknown. */
  async #finish(at: Places, act: Act): Promise<PerformOutcome> {
    try {
      await this.#files.syncFolder(join(this.#path, 'new'));
      await this.#files.remove(at.tmp);
    } catch {
      return { state: 'unknown', reason: 'io' };
    }
    return this.reconcile(act);
  }

  /** Takes back what is not visible yet, the envelope first, so that no step of it looks like a sent mail. */
  async #undo(at: Places, error: unknown): Promise<PerformOutcome> {
    try {
      await this.#files.remove(at.envelope);
      await this.#files.remove(at.tmp);
    } catch {
      // What stays is invisible and removed by the next attempt.
    }
    return { state: 'failed', reason: ['ENOSPC', 'EDQUOT'].includes(errorCode(error)) ? 'disk_full' : 'io' };
  }

  async #isPublished(at: Places): Promise<boolean> {
    return this.#files.exists(at.mail).catch(() => true);
  }

  /** In `new`, or in `cur` under whatever flags a mail program gave it. */
  async #findMail(at: Places, jti: string): Promise<Buffer | null> {
    const fresh = await this.#files.read(at.mail, PAYLOAD_BYTES_MAX);
    if (fresh !== null) return fresh;
    const seen = (await this.#files.list(join(this.#path, 'cur'))).find((name) => name.startsWith(`${jti}.hardshell`));
    return seen === undefined ? null : this.#files.read(join(this.#path, 'cur', seen), PAYLOAD_BYTES_MAX);
  }

  #places(jti: string): Places {
    return {
      tmp: join(this.#path, 'tmp', jti),
      envelope: join(this.#path, 'envelopes', `${jti}.json`),
      mail: join(this.#path, 'new', `${jti}.hardshell`),
    };
  }
}

interface Places {
  readonly tmp: string;
  readonly envelope: string;
  readonly mail: string;
}
