import { describe, expect, it } from 'vitest';
import { decidingConfig } from '../../src/app/executor/serve.ts';
import { parseConfig } from '../../src/config/index.ts';

const textOf = (file: string): string => {
  const parsed = parseConfig(file, {});
  if (parsed.kind === 'refused') throw new Error(parsed.problems.map(({ message }) => message).join('; '));
  return decidingConfig(parsed.config);
};

describe('the configuration that the owner confirms', () => {
  it.each([
    "{ mail: { address: 'eve@example.org' } }",
    "{ models: { local: { baseUrl: 'http://127.0.0.1:9/v1', model: 'tiny' } } }",
    '{ approvals: { questionsPerDay: 50 } }',
    "{ zones: { minimumMode: 'F' } }",
    '{ zones: { reader: { memoryMiB: 1024 } } }',
    '{ session: { retentionDays: 1 } }',
    '{ logging: { maxMiB: 1 } }',
  ])('is another with %s', (file) => {
    expect(textOf(file)).not.toBe(textOf('{}'));
  });

  it('is the same with comments, order and defaults written out', () => {
    expect(textOf("{ // mine\n approvals: { questionsPerDay: 20 }, mail: { name: '' } }")).toBe(textOf('{}'));
  });
});
