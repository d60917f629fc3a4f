// From what the code describes to `provides` of the manifest: kinds, names, and schemas of the closed subset (DESIGN.md §2,
// §7 "Guest SDK", THREATS.md H8). What comes out of the isolate is a stranger's text and is read as such.
import * as z from 'zod';
import { EXTENSION, type Kind, Provided, type SourceManifest } from '../src/contracts/manifest.ts';
import { SignetError } from '../src/error.ts';
import { canonicalJson, parseJson } from '../src/json.ts';
import { KINDS } from '../src/kinds/index.ts';
import { parseShape } from '../src/shape.ts';
import { requireKind } from './manifest.ts';
import { type Construct, closeSchema } from './schema-table.ts';

const MAX_DESCRIPTION_BYTES = 4 * 1024 * 1024;

const DescribedSchema = z.strictObject({
  schema: z.record(z.string(), z.unknown()),
  constructs: z.array(z.tuple([z.string(), z.string()])).max(10_000),
});
const Description = z
  .array(
    Provided.omit({ kind: true }).extend({
      kind: z.string(),
      input: DescribedSchema.optional(),
      output: DescribedSchema.optional(),
      run: z.literal('function', 'run must be a function'),
    }),
  )
  .max(256);
type Described = z.infer<typeof Description>[number];

export interface ProvidesResult {
  readonly provides: Provided[];
  readonly warnings: string[];
}

/**
 * `provides` from the description that the schema pass yielded; the source manifest may state entries of its own, which
 * must then be the same. E_MANIFEST, E_KIND_UNSUPPORTED, E_SCHEMA_SUBSET.
 */
export function readDescription(text: string, source: SourceManifest): ProvidesResult {
  const item = 'the default export of index.ts';
  const value = parseJson(text, item, { maxBytes: MAX_DESCRIPTION_BYTES });
  const described = parseShape(Description, value, item, 'E_MANIFEST');
  if (described.length === 0) {
    throw new SignetError('E_MANIFEST', `${item} provides nothing`, { item: 'index.ts' });
  }
  const warnings: string[] = [];
  const provides = described.map((one): Provided => {
    const kind = requireKind(one.kind);
    const close = (side: 'input' | 'output'): Record<string, unknown> => {
      const { schema, constructs } = schemaOf(kind, one, side);
      const closed = closeSchema(schema, constructs, `${kind}/${one.name} ${side}`);
      warnings.push(...closed.warnings);
      return closed.schema;
    };
    const { name, description, annotations } = one;
    return {
      kind,
      name,
      description,
      input: close('input'),
      output: close('output'),
      ...(annotations === undefined ? {} : { annotations }),
    };
  });
  compareWithSource(provides, source);
  return { provides, warnings };
}

/** The kind's own schema where it has one, otherwise the function's. */
function schemaOf(
  kind: Kind,
  described: Described,
  side: 'input' | 'output',
): { schema: unknown; constructs: Construct[] } {
  const own = described[side];
  const fixed = KINDS[kind].schemas?.[side];
  const item = `${kind}/${described.name}`;
  if (fixed === undefined || fixed === null) {
    if (own !== undefined) return own;
    throw new SignetError('E_MANIFEST', `${item} has no ${side} schema`, { item });
  }
  if (own !== undefined) {
    throw new SignetError('E_MANIFEST', `${item}: the kind fixes the ${side}, leave it out`, { item });
  }
  return { schema: z.toJSONSchema(fixed, { io: side }), constructs: [] };
}

function compareWithSource(provides: readonly Provided[], source: SourceManifest): void {
  const stated = source.extensions[EXTENSION].provides;
  if (stated.length === 0) return;
  const nameOf = ({ kind, name }: { kind: string; name: string }): string => `${kind}/${name}`;
  const built = new Map(provides.map((one) => [nameOf(one), one]));
  const problems = provides
    .filter((one) => !stated.some((entry) => nameOf(entry) === nameOf(one)))
    .map((one) => `the code provides ${nameOf(one)}, which plugin.json does not name`);
  for (const entry of stated) {
    const real = built.get(nameOf(entry));
    if (real === undefined) {
      problems.push(`plugin.json names ${nameOf(entry)}, which the code does not provide`);
      continue;
    }
    for (const [field, value] of Object.entries(entry)) {
      if (canonicalJson(value) === canonicalJson(real[field as keyof Provided] ?? null)) continue;
      problems.push(`${nameOf(entry)}: ${field} in plugin.json is not what the code says`);
    }
  }
  if (problems.length === 0) return;
  throw new SignetError('E_MANIFEST', `plugin.json: ${problems.slice(0, 20).join('; ')}`, {
    item: 'plugin.json',
    fix: 'Leave provides out of plugin.json: the build writes it.',
  });
}
