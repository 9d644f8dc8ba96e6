import type * as z from 'zod';

/** What does not fit, as the wire tells it. */
export interface Issue {
  readonly path: string;
  readonly message: string;
}

const ISSUES_MAX = 20;
const PATH_CHARS = 100;
const MESSAGE_CHARS = 200;

/** The places where a value does not fit its schema. Of a choice of shapes, the one that was most likely meant is told. */
export function describeIssues(issues: readonly z.core.$ZodIssue[]): Issue[] {
  return flatten(issues, [])
    .slice(0, ISSUES_MAX)
    .map(({ path, message }) => ({
      path: path.join('.').slice(0, PATH_CHARS),
      message: message.slice(0, MESSAGE_CHARS),
    }));
}

interface Flat {
  readonly path: readonly string[];
  readonly message: string;
}

function flatten(issues: readonly z.core.$ZodIssue[], above: readonly string[]): Flat[] {
  return issues.flatMap((issue): Flat[] => {
    const path = [...above, ...issue.path.map(String)];
    if (issue.code === 'invalid_union' && issue.errors.length > 0) return flatten(likeliest(issue.errors), path);
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((key) => ({ path: [...path, key], message: 'is not a parameter here' }));
    return [{ path, message: issue.message }];
  });
}

/** The shape that knows most of the given keys; of those, the first that is of the right kind at all. */
function likeliest(shapes: readonly (readonly z.core.$ZodIssue[])[]): readonly z.core.$ZodIssue[] {
  const distance = (issues: readonly z.core.$ZodIssue[]): number =>
    issues.reduce((sum, issue) => {
      if (issue.code === 'unrecognized_keys') return sum + 2 * issue.keys.length;
      return issue.code === 'invalid_type' && issue.path.length === 0 ? sum + 1 : sum;
    }, 0);
  return shapes.toSorted((a, b) => distance(a) - distance(b))[0] ?? [];
}
