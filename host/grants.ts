// grants.yaml: what the operator allows each bundle to do (DESIGN.md §4 "Capabilities", §7 "Grant"). Read strictly; changed
// by people only; its epoch ties a plan to the grants under which it was compiled.
import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { sha256 } from '../keys/hash.ts';
import { formatYaml, parseYamlShape, yamlLine } from '../registry/yaml.ts';
import { Grant, Grants, type HttpScope } from '../src/contracts/config.ts';
import type { Principal } from '../src/contracts/plan.ts';
import { digestOf, digestOfJson } from '../src/digest.ts';
import { SignetError } from '../src/error.ts';
import { canonicalJson } from '../src/json.ts';
import type { Clock } from '../src/ports.ts';
import { parseShape } from '../src/shape.ts';
import { readOnChange } from './changed-file.ts';
import { errnoOf, ioError, realpathOfPlanned, writeAtomic } from './files.ts';
import { isReservedHeader } from './http-headers.ts';
import { requirePerson } from './operator.ts';
import { ownCode, type ProjectPaths, projectPaths, protectedPaths } from './paths.ts';
import { isInside } from './plain-path.ts';
import { plain } from './plain-text.ts';
import { acquireLock, type StateLock } from './state-lock.ts';

/** A grant as it is asked for; who gives it is added from the principal. */
export type GrantDraft = Grant extends infer G ? (G extends Grant ? Omit<G, 'by'> : never) : never;

const HEADER = '# What each bundle may do. `signet grant` adds to this file; a person may edit it.\n';

/** The grants of one moment. */
export class GrantSet {
  readonly grants: readonly Grant[];
  /** `sha256:…` of the bytes of grants.yaml; of nothing where there is no file. */
  readonly epoch: string;

  constructor(grants: readonly Grant[], epoch: string) {
    this.grants = grants;
    this.epoch = epoch;
  }

  /**
   * The grants of a bundle for one capability, expired ones included, those of class `mutate` first: where two grants cover
   * one effect, the stricter class holds.
   */
  of<C extends Grant['capability']>(bundle: string, capability: C): Extract<Grant, { capability: C }>[] {
    return this.grants
      .filter((grant) => grant.bundle === bundle && grant.capability === capability)
      .sort((a, b) => Number(b.class === 'mutate') - Number(a.class === 'mutate')) as Extract<
      Grant,
      { capability: C }
    >[];
  }
}

/** From the second that `expires` names, a grant is none. */
export function isExpired(grant: Grant, now: number): boolean {
  return grant.expires !== undefined && Date.parse(grant.expires) <= now;
}

/** A short name for what a grant is about, whatever its class, expiry and reason: `g-` and 12 hexadecimal digits. */
export function grantId(grant: Grant | GrantDraft): string {
  return `g-${digestOfJson(sha256, subjectOf(grant)).slice('sha256:'.length, 'sha256:'.length + 12)}`;
}

function subjectOf(grant: Grant | GrantDraft): unknown {
  const { bundle, capability } = grant;
  switch (grant.capability) {
    case 'fs.read':
    case 'fs.write':
      return { bundle, capability, path: grant.path };
    case 'exec':
      return grant.command === undefined
        ? { bundle, capability, program: grant.program, args: grant.args }
        : { bundle, capability, command: grant.command };
    case 'kv':
      return { bundle, capability };
    case 'http':
      return { bundle, capability, ...scopeOf(grant) };
    case 'secret':
      return {
        bundle,
        capability,
        name: grant.name,
        use: 'http' in grant.use ? scopeOf(grant.use.http) : 'mac',
      };
    case 'invoke':
      return { bundle, capability, function: grant.function };
    case 'model':
      return { bundle, capability, roles: [...grant.roles].sort() };
    default:
      return grant satisfies never;
  }
}

const scopeOf = ({ origin, methods, pathPrefix }: HttpScope): object => ({
  origin,
  methods: [...methods].sort(),
  pathPrefix,
});

/** The capabilities of which nothing else is true, whatever a grant says. */
const ONLY_CLASS: Partial<Record<Grant['capability'], Grant['class']>> = {
  'fs.read': 'observe',
  'fs.write': 'mutate',
  secret: 'observe',
  model: 'observe',
};

/**
 * The grants in a file; an absent file grants nothing. E_CONFIG, with the line where the YAML is at fault: malformed YAML,
 * unknown or missing fields, two grants about one thing, a class that the capability never has.
 */
export function loadGrants(file: string): GrantSet {
  return parseGrants(readText(file), file);
}

/** The file's text, byte for byte; '' where there is no file. */
function readText(file: string): string {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') return '';
    throw ioError(file, cause);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new SignetError('E_CONFIG', `${file} is not UTF-8`, { item: file, cause });
  }
}

function parseGrants(text: string, file: string): GrantSet {
  const epoch = digestOf(sha256, text);
  if (text === '') return new GrantSet([], epoch);
  const { grants } = parseYamlShape(Grants, text, file);
  const seen = new Map<string, number>();
  for (const [index, grant] of grants.entries()) {
    const wrong = problemOf(grant, seen.get(grantId(grant)));
    if (wrong !== undefined)
      throw new SignetError(
        'E_CONFIG',
        `${file}, line ${yamlLine(text, ['grants', index])}: grants.${index}: ${wrong}`,
        { item: file },
      );
    seen.set(grantId(grant), index);
  }
  return new GrantSet(grants, epoch);
}

function problemOf(grant: Grant, twin: number | undefined): string | undefined {
  if (twin !== undefined) return `says the same as grants.${twin}: keep one`;
  const { capability } = grant;
  const only = ONLY_CLASS[capability];
  if (only !== undefined && only !== grant.class) return `${capability} is always of class ${only}`;
  if (capability === 'secret' && 'http' in grant.use && isReservedHeader(grant.use.http.header))
    return `the header ${grant.use.http.header} is never a secret's`;
  return undefined;
}

/**
 * Reads the file again whenever it has changed. A file that became invalid throws E_CONFIG at every use: until it is
 * corrected nothing is granted.
 */
export function createGrantReader(file: string): () => GrantSet {
  return readOnChange(file, loadGrants);
}

/**
 * Adds one grant, atomically, keeping all others and, where the file is laid out as Signet writes it, its comments. E_GRANT
 * where `by` is not a person, the grant is malformed, it names what no grant reaches (the state directory, the files of the
 * project that decide, the keys), or the same thing is granted already and has not expired.
 */
export function addGrant(file: string, draft: GrantDraft, by: Principal, clock: Clock): Grant {
  requirePerson(by, 'grant');
  const grant = parseShape(Grant, { ...draft, by: by.id }, 'the grant', 'E_GRANT');
  const wrong = problemOf(grant, undefined);
  if (wrong !== undefined) throw new SignetError('E_GRANT', `the grant: ${wrong}`);
  if (grant.capability === 'fs.read' || grant.capability === 'fs.write')
    refuseProtected(grant, projectPaths(dirname(file)));
  changeGrants(file, clock, (text, before) => {
    const twin = before.find((other) => grantId(other) === grantId(grant));
    if (twin === undefined) return withGrant(text, before, grant);
    if (isExpired(twin, clock.now())) return rewritten([...before.filter((other) => other !== twin), grant]);
    throw new SignetError('E_GRANT', `${grantId(grant)} is granted already, as ${twin.class}`, {
      item: grantId(grant),
      fix: `Remove it first: signet grant --remove ${grantId(grant)}`,
    });
  });
  return grant;
}

/** A grant that could never work would only mislead whoever reads it. The built-in root below the state needs none. */
function refuseProtected(grant: { capability: string; path: string }, paths: ProjectPaths): void {
  const real = realpathOfPlanned(grant.path);
  const writes = grant.capability === 'fs.write';
  const guarded = [...protectedPaths(paths), ...(writes ? ownCode() : [])];
  const inside = guarded.find((one) => isInside(real, realpathOfPlanned(one)));
  if (inside === undefined) return;
  const item = plain(grant.path, 4096);
  const builtIn = !writes && isInside(real, realpathOfPlanned(paths.example));
  throw new SignetError(
    'E_GRANT',
    `${item} ${builtIn ? 'needs no grant' : 'is never within reach of a bundle'}`,
    {
      item,
      expected: 'a file or folder outside the state directory, policy, grants, lockfile and keys',
      actual: `it lies in ${inside}`,
      fix: 'Grant a folder of its own, with what the bundle shall read or write.',
    },
  );
}

/** Removes the grant of that id (`grantId`). E_GRANT where there is none, or `by` is not a person. */
export function removeGrant(file: string, id: string, by: Principal, clock: Clock): Grant {
  requirePerson(by, 'take back a grant');
  let removed: Grant | undefined;
  changeGrants(file, clock, (_, before) => {
    removed = before.find((grant) => grantId(grant) === id);
    return rewritten(before.filter((grant) => grant !== removed));
  });
  if (removed === undefined) throw new SignetError('E_GRANT', `there is no grant ${id}`, { item: id });
  return removed;
}

/** Read, change, write as one step: two commands at once never lose a grant. */
function changeGrants(
  file: string,
  clock: Clock,
  change: (text: string, grants: readonly Grant[]) => string,
): void {
  // A grants.yaml that is a link stays one.
  const target = existsSync(file) ? realpathSync(file) : file;
  const lock = lockGrants(target, clock);
  try {
    const text = readText(target);
    const changed = change(text, parseGrants(text, file).grants);
    parseGrants(changed, file);
    const mode = text === '' ? 0o644 : statSync(target).mode & 0o777;
    if (changed !== text) writeAtomic(target, changed, mode);
  } finally {
    lock.release();
  }
}

function lockGrants(file: string, clock: Clock): StateLock {
  try {
    return acquireLock(`${file}.lock`, clock);
  } catch (cause) {
    if (!(cause instanceof SignetError) || cause.code !== 'E_HOST_BUSY') throw cause;
    const fix = 'Call again when that command has ended.';
    throw new SignetError('E_GRANT', `another command is changing ${file}`, { item: file, fix, cause });
  }
}

const rewritten = (grants: readonly Grant[]): string => HEADER + formatYaml({ version: 1, grants });

/** The text with one grant more at its end; where that does not read back as it should, everything written anew. */
function withGrant(text: string, before: readonly Grant[], grant: Grant): string {
  const anew = rewritten([...before, grant]);
  if (before.length === 0) return anew;
  const item = formatYaml({ grants: [grant] }).replace('grants:\n', '');
  const appended = `${text}${text.endsWith('\n') ? '' : '\n'}${item}`;
  try {
    const same =
      canonicalJson(parseGrants(appended, 'grants.yaml').grants) === canonicalJson([...before, grant]);
    return same ? appended : anew;
  } catch (error) {
    // Another layout, such as flow style: it does not take a line at its end.
    if (error instanceof SignetError && error.code === 'E_CONFIG') return anew;
    throw error;
  }
}
