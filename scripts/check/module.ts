/** A source file reduced to what the floors care about: its path and what it imports. */
import ts from 'typescript';

export interface Import {
  /** As written: `./x.ts`, `node:fs`, `kysely`. */
  readonly specifier: string;
  /** Names taken from it; empty for `import 'x'`, `import * as x` and `import('x')`. */
  readonly names: readonly string[];
  /** True when nothing of it is left at run time. */
  readonly typeOnly: boolean;
  readonly line: number;
}

export interface Module {
  /** From the root, with slashes: `src/model/pool.ts`. */
  readonly path: string;
  readonly imports: readonly Import[];
}

export function moduleOf(path: string, text: string): Module {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true, path.endsWith('.ts') ? ts.ScriptKind.TS : ts.ScriptKind.JS);
  const imports: Import[] = [];
  const visit = (node: ts.Node): void => {
    const found = importIn(node);
    if (found) imports.push({ ...found, line: file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1 });
    ts.forEachChild(node, visit);
  };
  visit(file);
  return { path, imports };
}

function importIn(node: ts.Node): Omit<Import, 'line'> | null {
  if (ts.isImportDeclaration(node)) return statement(node.moduleSpecifier, node.importClause?.namedBindings, node.importClause?.isTypeOnly ?? false);
  if (ts.isExportDeclaration(node) && node.moduleSpecifier) return statement(node.moduleSpecifier, node.exportClause, node.isTypeOnly);
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) return statement(node.argument.literal, undefined, true);
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) return statement(node.arguments[0], undefined, false);
  return null;
}

function statement(
  specifier: ts.Node | undefined,
  bindings: ts.NamedImportBindings | ts.NamedExportBindings | undefined,
  typeOnly: boolean,
): Omit<Import, 'line'> | null {
  if (!specifier || !ts.isStringLiteralLike(specifier)) return null;
  const names = bindings && (ts.isNamedImports(bindings) || ts.isNamedExports(bindings)) ? bindings.elements.map(nameTaken) : [];
  return { specifier: specifier.text, names, typeOnly };
}

/** The name on the other side: `a` of `import { a as b }`. */
function nameTaken(element: ts.ImportSpecifier | ts.ExportSpecifier): string {
  return (element.propertyName ?? element.name).text;
}
