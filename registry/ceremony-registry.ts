// Putting a root in force in a registry's folder (DESIGN.md §3 "Root"; THREATS.md 3, 37; keys/README.md): the first makes the folder,
// a later one replaces keys. Whatever the new keys must vouch for gets their signature beside the old one first, so that
// clients of either root verify at every moment; the root itself is written last.
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { formatDocument } from '../keys/document.ts';
import { type KeyPair, sign, verify } from '../keys/ed25519.ts';
import { parseEnvelope } from '../keys/envelope.ts';
import { sha256 } from '../keys/hash.ts';
import type { Keyring } from '../keys/keyring.ts';
import { readRoot, rootFingerprint, type VerifiedRoot, verifyRoot } from '../keys/root.ts';
import { writeFileAtomic } from '../keys/safe-file.ts';
import type { Envelope } from '../src/contracts/statement.ts';
import { SignetError } from '../src/error.ts';
import { createNoteSigner, formatNote, parseNote } from '../src/note.ts';
import { addSignatures, progressOf, requireMet } from './ceremony.ts';
import { finishRoot } from './ceremony-root.ts';
import { heldKeys, roleKeys } from './local.ts';
import { verifyHead } from './log.ts';
import { readRoots } from './proof.ts';
import { DirectoryTransport, FILE_LIMITS, PATHS, requireFile } from './transport.ts';
import { WriteLock } from './write-lock.ts';
import { createRegistryFolder, RegistryWriter } from './writer.ts';

export interface RootInForce {
  readonly version: number;
  readonly fingerprint: string;
  /** Namespace documents, `acme v1`, that the new registrar vouched for. */
  readonly vouched: readonly string[];
}

interface RootOptions {
  readonly directory: string;
  readonly keyring: Keyring;
  /** Whether this registrar vouches for every namespace document in the folder: needed where its keys are new. */
  readonly vouch: boolean;
  readonly now: number;
}

/**
 * Puts a finished root in force; the same again is no error and repairs what a crash left. Nothing is written unless all can
 * be: E_THRESHOLD (signatures missing, or a log or status role that needs several), E_ROOT_ROTATION, E_EXPIRED, E_NOT_FOUND
 * (no log or status key here), E_NAMESPACE_RECOVERY (documents that the new registrar has not vouched for).
 */
export function installRoot(draft: Envelope, options: RootOptions): RootInForce {
  const { directory, keyring, now } = options;
  if (!existsSync(directory)) return createFromRoot(draft, options);
  const transport = new DirectoryTransport(directory);
  const lock = new WriteLock(join(directory, '.lock'));
  let vouched: string[];
  let root: VerifiedRoot;
  try {
    const present = readRoots(transport);
    const known = present.findIndex((one) => rootFingerprint(one) === rootFingerprint(draft));
    const chain = known < 0 ? present : present.slice(0, known);
    const envelope = finishRoot(draft, chain, now);
    const first = rootFingerprint(chain[0] ?? envelope);
    root = verifyRoot([...chain, envelope], first, now);
    requireSingle(root);
    const keys = roleKeys(root, keyring);
    // The expiry of a root that is being replaced is no hindrance: time 0.
    const before = chain.length === 0 ? root : verifyRoot(chain, first, 0);
    const documents = vouchForNamespaces(options, root, heldKeys(root, 'registrar', keyring));
    const note = cosignNote(transport, before, root, keys.log);
    const status = cosignStatus(transport, root, keys.status);
    lock.requireHeld();
    for (const [path, document] of documents)
      writeFileAtomic(join(directory, path), formatDocument(document));
    if (note !== undefined) writeFileAtomic(join(directory, PATHS.checkpoint), Buffer.from(note));
    if (status !== undefined) writeFileAtomic(join(directory, PATHS.status), formatDocument(status));
    writeFileAtomic(join(directory, PATHS.root(root.version)), formatDocument(envelope));
    vouched = [...documents.keys()].map(describeDocument);
  } finally {
    lock.release();
  }
  renew(options);
  return { version: root.version, fingerprint: root.fingerprint, vouched };
}

function createFromRoot(draft: Envelope, { directory, keyring, now }: RootOptions): RootInForce {
  const { version } = readRoot(draft).document;
  if (version !== 1) {
    throw new SignetError('E_ROOT_ROTATION', 'a new registry begins with version 1 of its root', {
      item: directory,
      expected: 'v1',
      actual: `v${version}`,
    });
  }
  const envelope = finishRoot(draft, [], now);
  const root = verifyRoot([envelope], rootFingerprint(envelope), now);
  requireSingle(root);
  roleKeys(root, keyring);
  const temporary = `${directory}.${randomBytes(6).toString('hex')}`;
  try {
    createRegistryFolder(temporary, envelope);
    renameSync(temporary, directory);
  } catch (thrown) {
    rmSync(temporary, { recursive: true, force: true });
    throw thrown;
  }
  return { version: root.version, fingerprint: root.fingerprint, vouched: [] };
}

/** One machine writes a registry: of log and status keys it has one each. Thresholds there would stop it for ever. */
function requireSingle(root: VerifiedRoot): void {
  for (const role of ['log', 'status'] as const) {
    if (root[role].threshold === 1) continue;
    throw new SignetError('E_THRESHOLD', `the role ${role} needs several signatures at every change`, {
      item: role,
      expected: '1',
      actual: String(root[role].threshold),
      fix: 'Give roles log and status a threshold of 1; what checks them is witnesses and the root.',
    });
  }
}

/** The namespace documents that lack the new registrar's signatures, with them. */
function vouchForNamespaces(
  { directory, vouch }: RootOptions,
  root: VerifiedRoot,
  registrars: readonly KeyPair[],
): Map<string, Envelope> {
  const transport = new DirectoryTransport(directory);
  const changed = new Map<string, Envelope>();
  for (const path of documentPaths(directory)) {
    const envelope = parseEnvelope(requireFile(transport, path, FILE_LIMITS.envelope), path);
    const item = describeDocument(path);
    const progress = progressOf(envelope, 'the registrar', root.registrar);
    if (progress.signed.length >= progress.threshold) continue;
    const signed = addSignatures(envelope, registrars);
    requireMet(
      [progressOf(signed, 'the registrar', root.registrar)],
      item,
      `registry namespace sign ${path} --key NAME, by those who are missing`,
    );
    changed.set(path, signed);
  }
  if (vouch || changed.size === 0) return changed;
  const items = [...changed.keys()].map(describeDocument).join(', ');
  throw new SignetError('E_NAMESPACE_RECOVERY', 'the new registrar has not vouched for the namespaces yet', {
    item: directory,
    expected: 'the word of whoever holds its key that each is right',
    actual: items,
    fix: `Read each (registry namespace show FILE), remove those that are forged, then say --vouch`,
  });
}

function documentPaths(directory: string): string[] {
  const list = (path: string): string[] =>
    existsSync(join(directory, path)) ? readdirSync(join(directory, path)).sort() : [];
  return list('namespace').flatMap((namespace) =>
    list(`namespace/${namespace}`)
      .filter((file) => /^[1-9]\d*\.json$/.test(file))
      .map((file) => `namespace/${namespace}/${file}`),
  );
}

const describeDocument = (path: string): string =>
  path.replace(/^namespace\/([^/]+)\/(\d+)\.json$/, '$1 v$2');

/** The checkpoint with the new log key's signature beside those that it has, or undefined where that is not needed. */
function cosignNote(
  transport: DirectoryTransport,
  before: VerifiedRoot,
  root: VerifiedRoot,
  key: KeyPair,
): string | undefined {
  const bytes = transport.read(PATHS.checkpoint, FILE_LIMITS.checkpoint);
  if (bytes === undefined) return undefined;
  const note = Buffer.from(bytes).toString('utf8');
  if (isHead(note, root)) return undefined;
  verifyHead(note, before.log, verify);
  const { text, signatures } = parseNote(note);
  const { name, keyHash } = createNoteSigner(sha256, {
    name: root.log.origin,
    publicKey: key.publicKey,
    sign: (message) => sign(key.secretKey, message),
  });
  const signature = sign(key.secretKey, Buffer.from(text));
  return formatNote(text, [...signatures, { name, keyHash, signature }]);
}

function isHead(note: string, root: VerifiedRoot): boolean {
  try {
    verifyHead(note, root.log, verify);
    return true;
  } catch (thrown) {
    if (thrown instanceof SignetError) return false;
    throw thrown;
  }
}

function cosignStatus(transport: DirectoryTransport, root: VerifiedRoot, key: KeyPair): Envelope | undefined {
  const bytes = transport.read(PATHS.status, FILE_LIMITS.envelope);
  if (bytes === undefined) return undefined;
  const envelope = parseEnvelope(bytes, PATHS.status, { maxBytes: FILE_LIMITS.envelope });
  if (progressOf(envelope, 'status', root.status).signed.length > 0) return undefined;
  return addSignatures(envelope, [key]);
}

function renew({ directory, keyring, now }: RootOptions): void {
  const roots = readRoots(new DirectoryTransport(directory));
  const keys = roleKeys(verifyRoot(roots, rootFingerprint(roots[0]!), now), keyring);
  const writer = new RegistryWriter(directory, keys, now);
  try {
    if (writer.size > 0) writer.renewStatus();
  } finally {
    writer.close();
  }
}
