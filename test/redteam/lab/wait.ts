import { setTimeout as sleep } from 'node:timers/promises';

/** The first value of `ask` that is not undefined; throws after `msMax`. */
export async function until<T>(
  what: string,
  ask: () => T | undefined | Promise<T | undefined>,
  msMax = 15_000,
): Promise<T> {
  const deadline = performance.now() + msMax;
  for (;;) {
    const value = await ask();
    if (value !== undefined) return value;
    if (performance.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await sleep(20);
  }
}

/** Until the condition holds; false after `msMax`. */
export async function becomes(condition: () => boolean | Promise<boolean>, msMax = 10_000): Promise<boolean> {
  const deadline = performance.now() + msMax;
  while (!(await condition())) {
    if (performance.now() > deadline) return false;
    await sleep(20);
  }
  return true;
}

export { sleep };
