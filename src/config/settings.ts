import * as z from 'zod';
import { unwrap } from './parse.ts';
import { configSchema } from './schema.ts';
import { valueAt } from './value-at.ts';

/** One key of the file: for help texts, the file written at first start and `docs/config.md`. */
export interface Setting {
  /** Dotted path. */
  readonly key: string;
  readonly what: string;
  /** Default as JSON; null also where it is off until it is set. */
  readonly initial: unknown;
  /** True for a leaf, false for a section. */
  readonly leaf: boolean;
}

/** Every key with its description and default, sections before what is in them. */
export function listSettings(): readonly Setting[] {
  return walk(configSchema, [], configSchema.parse({}));
}

/** The table of `docs/config.md`: every key that holds a value. */
export function renderSettingsTable(): string {
  const rows = listSettings()
    .filter((setting) => setting.leaf)
    .map(
      ({ key, what, initial }) =>
        `| \`${key}\` | ${initial === null ? 'none' : `\`${JSON.stringify(initial)}\``} | ${what} |`,
    );
  return ['| key | default | what it is |', '|---|---|---|', ...rows].join('\n');
}

function walk(schema: z.core.$ZodType, path: readonly string[], defaults: unknown): Setting[] {
  const object = unwrap(schema);
  if (!(object instanceof z.ZodObject)) return [];
  return Object.entries(object.shape).flatMap(([name, member]) => {
    const key = [...path, name];
    const leaf = !(unwrap(member) instanceof z.ZodObject);
    const what = describe(member);
    const setting = { key: key.join('.'), what, initial: valueAt(defaults, key) ?? null, leaf };
    return [setting, ...walk(member, key, defaults)];
  });
}

function describe(schema: z.core.$ZodType): string {
  if (schema instanceof z.ZodType && schema.description !== undefined) return schema.description;
  if (schema instanceof z.ZodPrefault || schema instanceof z.ZodDefault) return describe(schema.def.innerType);
  return '';
}
