// Reads plugin.json: its shape, and what a shape cannot say (DESIGN.md §2, THREATS.md 33, 34, 36, H8).
import { FunctionName } from '../src/contracts/common.ts';
import {
  EXTENSION,
  Kind,
  MANIFEST_SCHEMA_ID,
  Manifest,
  type SignetExtension,
  SourceManifest,
} from '../src/contracts/manifest.ts';
import { SignetError } from '../src/error.ts';
import { canonicalJson, parseJson } from '../src/json.ts';
import { outsideSubset } from '../src/json-schema.ts';
import { KINDS } from '../src/kinds/index.ts';
import { exceedsCeiling } from '../src/kinds/kind.ts';
import { parseShape } from '../src/shape.ts';

const MAX_BYTES = 1024 * 1024;
const ITEM = 'plugin.json';

/**
 * The manifest of a built bundle. E_JSON, E_FORMAT_VERSION (another version of Agent Plugins), E_KIND_UNSUPPORTED,
 * E_MANIFEST with every problem at once, E_SCHEMA_SUBSET, E_CEILING.
 */
export function readManifest(source: string | Uint8Array): Manifest {
  const manifest = parseShape(Manifest, open(source), ITEM, 'E_MANIFEST');
  judgeManifest(manifest);
  return manifest;
}

/** What the shape alone does not say: E_KIND_UNSUPPORTED, E_MANIFEST, E_SCHEMA_SUBSET, E_CEILING. */
export function judgeManifest(manifest: Manifest): void {
  for (const { kind } of manifest.extensions[EXTENSION].provides) requireKind(kind);
  const signet = manifest.extensions[EXTENSION];
  const problems = commonProblems(manifest.extensions);
  if ((signet.main === undefined) !== (signet.provides.length === 0)) {
    problems.push('main and provides belong together: code that provides nothing, or functions without code');
  }
  refuseAll(problems);
  for (const { kind, name, input, output } of signet.provides) {
    for (const [side, schema] of [
      ['input', input],
      ['output', output],
    ] as const) {
      const reason = outsideSubset(schema);
      if (reason === undefined) continue;
      const item = `${kind}/${name} ${side}`;
      throw new SignetError('E_SCHEMA_SUBSET', `${item}: ${reason}`, {
        item,
        expected: 'a schema of the closed subset',
        actual: reason,
      });
    }
  }
  checkCeilings(signet);
}

/** The manifest that an author writes beside the source. As `readManifest`, but schemas and `main` are still to come. */
export function readSourceManifest(source: string | Uint8Array): SourceManifest {
  const manifest = parseShape(SourceManifest, open(source), ITEM, 'E_MANIFEST');
  refuseAll(commonProblems(manifest.extensions));
  return manifest;
}

/** A capability must be within the ceiling of at least one provided kind; the host holds each function to its own. */
export function checkCeilings(signet: {
  readonly provides: readonly { readonly kind: Kind }[];
  readonly capabilities: SignetExtension['capabilities'];
}): void {
  const kinds = [...new Set(signet.provides.map(({ kind }) => kind))];
  for (const request of signet.capabilities) {
    const reasons = kinds.map((kind) => exceedsCeiling(KINDS[kind], request));
    if (reasons.includes(undefined)) continue;
    const why = kinds.length === 0 ? 'a bundle without code has no capabilities' : reasons.join('; ');
    throw new SignetError('E_CEILING', `the bundle asks for ${request.id}: ${why}`, {
      item: request.id,
      expected: `what ${kinds.join(' or ') || 'prose'} may have`,
      actual: canonicalJson(request).slice(0, 400),
    });
  }
}

/** JSON, with the two refusals that come before the shape: another format version, and kinds that are not built. */
function open(source: string | Uint8Array): unknown {
  const value = parseJson(source, ITEM, { maxBytes: MAX_BYTES });
  const top = asRecord(value);
  const version = top?.['$schema'];
  if (
    typeof version === 'string' &&
    version !== MANIFEST_SCHEMA_ID &&
    /^https:\/\/agent-plugins\.org\/schemas\/[0-9][^/]*\/plugin\.schema\.json$/.test(version)
  ) {
    throw new SignetError('E_FORMAT_VERSION', `${ITEM} is written for another version of Agent Plugins`, {
      item: ITEM,
      expected: MANIFEST_SCHEMA_ID,
      actual: version,
    });
  }
  const provides = asRecord(asRecord(top?.['extensions'])?.[EXTENSION])?.['provides'];
  for (const entry of Array.isArray(provides) ? provides : []) {
    const kind = asRecord(entry)?.['kind'];
    if (typeof kind === 'string') requireKind(kind);
  }
  return value;
}

/** The kind, if this Signet can run it; otherwise E_KIND_UNSUPPORTED. */
export function requireKind(kind: string): Kind {
  const known = Kind.safeParse(kind);
  if (known.success && KINDS[known.data].schemas !== undefined) return known.data;
  throw new SignetError(
    'E_KIND_UNSUPPORTED',
    `the kind ${JSON.stringify(kind.slice(0, 64))} is not supported`,
    {
      item: kind.slice(0, 64),
      expected: Kind.options.filter((name) => KINDS[name].schemas !== undefined).join(', '),
      actual: kind.slice(0, 64),
    },
  );
}

function asRecord(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}

function commonProblems(extensions: SourceManifest['extensions']): string[] {
  const signet = extensions[EXTENSION];
  const problems: string[] = [];
  for (const [name, value] of Object.entries(extensions)) {
    if (asRecord(value) === undefined) problems.push(`extensions.${name}: expected an object`);
  }
  const twice = (what: string, names: readonly string[]): void => {
    const repeated = names.filter((name, i) => names.indexOf(name) !== i);
    for (const name of new Set(repeated)) problems.push(`${what}: ${name} is there twice`);
  };
  twice(
    'provides',
    signet.provides.map(({ kind, name }) => `${kind}/${name}`),
  );
  twice(
    'capabilities',
    signet.capabilities.map(({ id }) => id),
  );
  for (const required of Object.keys(signet.requires)) {
    const [kind = '', name = ''] = required.split('/');
    if (!Kind.safeParse(kind).success) problems.push(`requires.${required}: no such kind`);
    if (!FunctionName.safeParse(name).success) problems.push(`requires.${required}: no such name`);
  }
  return problems;
}

function refuseAll(problems: readonly string[]): void {
  if (problems.length === 0) return;
  const actual = problems.slice(0, 20).join('; ');
  throw new SignetError('E_MANIFEST', `${ITEM}: ${actual}`, {
    item: ITEM,
    expected: 'a manifest that does not contradict itself',
    actual,
  });
}
