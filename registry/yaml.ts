// The gate to `yaml`, for the files an operator writes by hand. What two readers could understand differently, or what a
// small text could blow up, is refused: duplicate keys, tags of one's own, anchors and aliases, several documents.
import { isNode, isScalar, parseDocument, stringify, visit } from 'yaml';
import type { z } from 'zod';
import { SignetError } from '../src/error.ts';
import { formatProblem, problemsOf } from '../src/shape.ts';

const MAX_BYTES = 8 * 1024 * 1024;
/** The tags of JSON's own types; `!!binary`, `!!set` and the like make other values than JSON has. */
const PLAIN_TAGS = new Set(
  ['str', 'int', 'float', 'bool', 'null', 'map', 'seq'].map((tag) => `tag:yaml.org,2002:${tag}`),
);

/**
 * The value of one YAML 1.2 (core schema) document. Refused with E_CONFIG that names item and line: malformed text,
 * duplicate keys, custom tags, aliases, a second document. Beyond 8 MiB: E_LIMIT.
 */
export function parseYaml(text: string, item: string): unknown {
  if (text.length > MAX_BYTES) {
    throw new SignetError('E_LIMIT', `${item} is too large`, {
      item,
      expected: `at most ${MAX_BYTES} characters`,
      actual: String(text.length),
    });
  }
  const refuse = (what: string, offset: number, cause?: unknown): never => {
    const line = text.slice(0, offset).split('\n').length;
    throw new SignetError('E_CONFIG', `${item}, line ${line}: ${what}`, { item: `${item}:${line}`, cause });
  };
  try {
    const document = parseDocument(text, {
      version: '1.2',
      schema: 'core',
      strict: true,
      uniqueKeys: true,
      stringKeys: true,
      prettyErrors: false,
    });
    const problem = document.errors[0] ?? document.warnings[0];
    if (problem !== undefined) refuse(problem.message, problem.pos[0], problem);
    visit(document, {
      Alias: (_, node) => refuse('aliases are not allowed', node.range?.[0] ?? 0),
      Node: (_, node) => {
        const offset = node.range?.[0] ?? 0;
        if ('anchor' in node && node.anchor !== undefined) refuse('anchors are not allowed', offset);
        if (node.tag !== undefined && !PLAIN_TAGS.has(node.tag))
          refuse(`the tag ${node.tag} is not allowed`, offset);
      },
      Pair: (_, pair) => {
        if (isScalar(pair.key) && pair.key.value === '__proto__')
          refuse('the key __proto__ is not allowed', pair.key.range?.[0] ?? 0);
      },
    });
    return document.toJS({ maxAliasCount: 0 }) as unknown;
  } catch (thrown) {
    if (thrown instanceof SignetError) throw thrown;
    // The library recurses: very deep nesting ends in a RangeError.
    return refuse(
      `it cannot be read: ${thrown instanceof Error ? thrown.message : String(thrown)}`,
      0,
      thrown,
    );
  }
}

/** The line, from 1, where the node at the path stands; of its nearest parent where there is none. `text` was parsed before. */
export function yamlLine(text: string, path: readonly PropertyKey[]): number {
  const document = parseDocument(text, { version: '1.2', schema: 'core', prettyErrors: false });
  for (let depth = path.length; depth > 0; depth--) {
    const node = document.getIn(path.slice(0, depth), true);
    if (isNode(node) && node.range != null) return text.slice(0, node.range[0]).split('\n').length;
  }
  return 1;
}

/**
 * The value of the text in its shape; E_CONFIG with every problem, each with the line where it stands, and the codes of
 * `parseYaml`.
 */
export function parseYamlShape<T extends z.ZodType>(schema: T, text: string, item: string): z.output<T> {
  const result = schema.safeParse(parseYaml(text, item));
  if (result.success) return result.data;
  const problems = problemsOf(result.error).map((problem) => ({
    line: yamlLine(text, problem.at),
    what: formatProblem(problem),
  }));
  const [first] = problems as [(typeof problems)[0]];
  const lines = problems.map(({ line, what }) => `line ${line}: ${what}`).join('; ');
  throw new SignetError('E_CONFIG', `${item}, ${lines}`, { item: `${item}:${first.line}` });
}

/** YAML text of plain data: block style, no anchors, lines never folded. */
export function formatYaml(value: unknown): string {
  return stringify(value, { version: '1.2', schema: 'core', aliasDuplicateObjects: false, lineWidth: 0 });
}
