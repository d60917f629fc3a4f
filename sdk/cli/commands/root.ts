// `registry root`: the ceremony of a threshold root and what an operator pins (DESIGN.md §3 "Root"; keys/README.md).
import { projectPaths } from '../../../host/paths.ts';
import { formatDocument } from '../../../keys/document.ts';
import { parseEnvelope } from '../../../keys/envelope.ts';
import { type Role, readRoot, rootFingerprint, verifyRoot } from '../../../keys/root.ts';
import { writeFileAtomic } from '../../../keys/safe-file.ts';
import { addSignatures, isMet, type Progress, readDraft, requireWanted } from '../../../registry/ceremony.ts';
import { installRoot } from '../../../registry/ceremony-registry.ts';
import {
  draftRoot,
  planOf,
  ROOT_ROLES,
  type RootPlan,
  type RootRole,
  requireFingerprint,
  rootProgress,
} from '../../../registry/ceremony-root.ts';
import { TrustStore } from '../../../registry/trust.ts';
import { Fingerprint } from '../../../src/contracts/common.ts';
import type { Envelope } from '../../../src/contracts/statement.ts';
import { parseShape } from '../../../src/shape.ts';
import { openKeyring, openSigner } from '../../release.ts';
import { directoryOf, type Invocation, text, texts } from '../command.ts';
import { escaped } from '../escaped.ts';
import { actions, expiry, keyArgument, readInput, required, usage, wholeNumber } from '../inputs.ts';

export const run = actions('root', {
  init: [0, init],
  show: [1, show],
  sign: [1, sign],
  rotate: [1, rotate],
  publish: [2, publish],
  pin: [1, pin],
  unpin: [1, unpin],
});

function init(invocation: Invocation): 0 {
  const roles = rolesOf(invocation);
  for (const role of ['root', 'registrar', 'log', 'status'] as const)
    if (roles[role] === undefined) throw usage('root', `say --${role} KEY`);
  const draft = draftRoot({
    version: 1,
    expires: expiresOf(invocation),
    origin: required(invocation, 'root', 'origin'),
    roles: roles as RootPlan['roles'],
  });
  return writeDraft(invocation, draft);
}

function rotate(invocation: Invocation): 0 {
  const [file = ''] = invocation.positionals;
  const before = planOf(readRoot(readDraft(readInput(file), file)));
  const draft = draftRoot({
    ...before,
    version: before.version + 1,
    expires: expiresOf(invocation),
    roles: { ...before.roles, ...rolesOf(invocation, before.roles) },
  });
  return writeDraft(invocation, draft, file);
}

function writeDraft(invocation: Invocation, draft: Envelope, previous?: string): 0 {
  const out = required(invocation, 'root', 'out');
  writeFileAtomic(out, formatDocument(draft));
  return describe(invocation, draft, out, previous);
}

function show(invocation: Invocation): 0 {
  const [file = ''] = invocation.positionals;
  return describe(invocation, readDraft(readInput(file), file), file, text(invocation, 'previous'));
}

function sign(invocation: Invocation): 0 {
  const [file = ''] = invocation.positionals;
  const draft = readDraft(readInput(file), file);
  requireFingerprint(draft, fingerprintFlag(invocation));
  const previous = text(invocation, 'previous');
  const keyring = openKeyring();
  const names = texts(invocation, 'key');
  const keys =
    names.length === 0 ? [openSigner(undefined, keyring)] : names.map((name) => keyring.publisher(name));
  const progress = progressIn(draft, previous);
  for (const { publicKey } of keys) requireWanted(progress, publicKey, file);
  const signed = addSignatures(draft, keys);
  writeFileAtomic(file, formatDocument(signed));
  return describe(invocation, signed, file, previous);
}

function publish(invocation: Invocation): 0 {
  const { json, output, flags } = invocation;
  const [file = '', directory = ''] = invocation.positionals;
  const draft = readDraft(readInput(file), file);
  requireFingerprint(draft, fingerprintFlag(invocation));
  const options = { directory, keyring: openKeyring(), vouch: flags['vouch'] === true, now: Date.now() };
  const done = installRoot(draft, options);
  if (json) output.result(`${JSON.stringify({ schema: 'root-publish/1', ok: true, ...done })}\n`);
  else {
    output.result(
      escaped`root v${done.version} is in force in ${directory}\n  fingerprint ${done.fingerprint}\n`,
    );
    for (const document of done.vouched) output.result(escaped`  vouched for ${document}\n`);
    if (done.version === 1)
      output.note(escaped`do: registry root pin ${file} --fingerprint ${done.fingerprint}\n`);
  }
  return 0;
}

function pin(invocation: Invocation): 0 {
  const { json, output } = invocation;
  const [file = ''] = invocation.positionals;
  const agreed = parseShape(
    Fingerprint,
    required(invocation, 'root', 'fingerprint'),
    '--fingerprint',
    'E_USAGE',
  );
  const draft = readDraft(readInput(file), file);
  requireFingerprint(draft, agreed);
  const { version, expires } = verifyRoot([draft], agreed, Date.now());
  const replaces = text(invocation, 'replaces');
  trustOf(invocation).pinRoot(agreed, false, replaces);
  if (json)
    output.result(
      `${JSON.stringify({ schema: 'root-pin/1', ok: true, fingerprint: agreed, version, expires })}\n`,
    );
  else {
    output.result(escaped`pinned root v${version}, valid until ${expires}\n  ${agreed}\n`);
    output.note(
      escaped`do: name it in policy.yaml, with the namespaces that it speaks for:\n  registries:\n    - name: NAME\n      location: DIR\n      root: ${agreed}\n      namespaces: [NAMESPACE]\n`,
    );
  }
  return 0;
}

function unpin(invocation: Invocation): 0 {
  const { json, output } = invocation;
  const [given = ''] = invocation.positionals;
  const own = parseShape(Fingerprint, given, 'the fingerprint', 'E_USAGE');
  trustOf(invocation).unpinRoot(own);
  if (json) output.result(`${JSON.stringify({ schema: 'root-unpin/1', ok: true, fingerprint: own })}\n`);
  else output.result(escaped`unpinned ${own}\n`);
  return 0;
}

const trustOf = (invocation: Invocation): TrustStore =>
  new TrustStore(projectPaths(directoryOf(invocation)).trust);

function fingerprintFlag(invocation: Invocation): string | undefined {
  const given = text(invocation, 'fingerprint');
  return given && parseShape(Fingerprint, given, '--fingerprint', 'E_USAGE');
}

const expiresOf = (invocation: Invocation): number =>
  expiry('root', text(invocation, 'expires') ?? '365d', Date.now());

/** The roles that were named; a threshold alone changes the role of the document before. */
function rolesOf(invocation: Invocation, before?: RootPlan['roles']): Partial<Record<RootRole, Role>> {
  const keyring = openKeyring();
  const thresholds = new Map(texts(invocation, 'threshold').map((given) => threshold(given)));
  const roles: Partial<Record<RootRole, Role>> = {};
  for (const name of ROOT_ROLES) {
    const given = texts(invocation, name).map((key) => keyArgument(key, keyring));
    const keys = given.length > 0 ? given : before?.[name]?.keys;
    if (keys === undefined || (given.length === 0 && !thresholds.has(name))) continue;
    const usual = name === 'root' ? Math.floor(keys.length / 2) + 1 : 1;
    roles[name] = { keys, threshold: thresholds.get(name) ?? usual };
  }
  return roles;
}

function threshold(given: string): [RootRole, number] {
  const [role, number = ''] = given.split('=');
  const known = ROOT_ROLES.find((name) => name === role);
  if (known === undefined) throw usage('root', `--threshold ${given} is not ROLE=N`, ROOT_ROLES.join(', '));
  return [known, wholeNumber('root', 'threshold', number, 1)];
}

function progressIn(draft: Envelope, previous: string | undefined): Progress[] {
  return rootProgress(
    draft,
    previous === undefined ? undefined : parseEnvelope(readInput(previous), previous),
  );
}

function describe(
  { json, output }: Invocation,
  draft: Envelope,
  file: string,
  previous: string | undefined,
): 0 {
  const { document } = readRoot(draft);
  const { version, expires, roles } = document;
  const own = rootFingerprint(draft);
  const progress = progressIn(draft, previous);
  const complete = progress.every(isMet);
  if (json) {
    output.result(
      `${JSON.stringify({ schema: 'root/1', ok: true, file, fingerprint: own, document, signatures: progress, complete })}\n`,
    );
    return 0;
  }
  output.result(
    escaped`root v${version} of ${roles.log.origin}, valid until ${expires}\n  fingerprint ${own}\n`,
  );
  for (const name of ROOT_ROLES) {
    const role = roles[name];
    if (role === undefined) continue;
    output.result(escaped`  ${name.padEnd(11)} ${role.threshold} of ${role.keys.length}\n`);
    for (const key of role.keys) output.result(escaped`              ${key}\n`);
  }
  for (const one of progress) output.result(escaped`  ${formatProgress(one)}\n`);
  if (version > 1 && previous === undefined)
    output.note('note: --previous FILE also shows what the root before it still has to sign\n');
  output.note(complete ? '' : `do: registry root sign ${file} --key NAME --fingerprint ${own}\n`);
  return 0;
}

/** `signed by 1 of 2 that root v1 needs; missing: …`. */
export function formatProgress(progress: Progress): string {
  const { of, threshold: needed, keys, signed } = progress;
  const missing = isMet(progress)
    ? ''
    : `; missing: ${keys.filter((key) => !signed.includes(key)).join(', ')}`;
  return `signed by ${signed.length} of the ${needed} that ${of} needs${missing}`;
}
