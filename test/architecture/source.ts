import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import ts from 'typescript';

const SRC = join(import.meta.dirname, '..', '..', 'src');

export interface SourceFile {
  /** Path below `src`. */
  readonly path: string;
  readonly room: string;
  readonly text: string;
  readonly lines: number;
  readonly ast: ts.SourceFile;
}

/** Every TypeScript file below `src`, parsed. */
export function readSources(): SourceFile[] {
  return readdirSync(SRC, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => {
      const path = relative(SRC, join(entry.parentPath, entry.name));
      const text = readFileSync(join(SRC, path), 'utf8');
      const lines = text.split('\n').length - 1;
      return {
        path,
        room: roomOf(path),
        text,
        lines,
        ast: ts.createSourceFile(path, text, ts.ScriptTarget.ES2024, true),
      };
    });
}

export function roomOf(path: string): string {
  const [first = '', second = ''] = path.split('/');
  return first === 'app' ? `app/${second}` : first;
}

/** Every module specifier: static, re-exported, dynamic, and `import()` types. */
export function specifiersOf(file: SourceFile): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (
      (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) &&
      node.moduleSpecifier !== undefined &&
      ts.isStringLiteral(node.moduleSpecifier)
    ) {
      found.push(node.moduleSpecifier.text);
    }
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [argument] = node.arguments;
      found.push(argument !== undefined && ts.isStringLiteralLike(argument) ? argument.text : '(computed)');
    }
    if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument) && ts.isStringLiteral(node.argument.literal))
      found.push(node.argument.literal.text);
    ts.forEachChild(node, visit);
  };
  visit(file.ast);
  return found;
}

export interface LongFunction {
  readonly name: string;
  readonly lines: number;
}

export function functionsOf(file: SourceFile): LongFunction[] {
  const found: LongFunction[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) && 'body' in node && node.body !== undefined) {
      const from = file.ast.getLineAndCharacterOfPosition(node.getStart()).line;
      const to = file.ast.getLineAndCharacterOfPosition(node.end).line;
      found.push({ name: node.name?.getText() ?? '(anonymous)', lines: to - from + 1 });
    }
    ts.forEachChild(node, visit);
  };
  visit(file.ast);
  return found;
}
