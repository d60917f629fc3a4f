// Writing to a registry folder (DESIGN.md §3 "Log", THREATS.md 12, 37): entries and tiles, then the signed checkpoint, then the
// status of the same size, then the hints. A crash in between leaves the log as of the old checkpoint, or a status or a
// hint that the next writer renews.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { formatDocument } from '../keys/document.ts';
import { type KeyPair, verify } from '../keys/ed25519.ts';
import { parseEnvelope } from '../keys/envelope.ts';
import { sha256 } from '../keys/hash.ts';
import { rootFingerprint, type VerifiedRoot, verifyRoot } from '../keys/root.ts';
import { writeFileAtomic } from '../keys/safe-file.ts';
import { type Envelope, LogEntry, type NewestDocuments } from '../src/contracts/statement.ts';
import type { NamespaceIndex, ReleaseIndex, Revocations } from '../src/contracts/trust.ts';
import { SignetError } from '../src/error.ts';
import { parseJson } from '../src/json.ts';
import { parseShape } from '../src/shape.ts';
import { TileLog } from '../src/tile-log.ts';
import { formatEntry, type SignedHead, signHead, verifyHead } from './log.ts';
import { mergeRevocations } from './memory.ts';
import { type NamespaceVersion, readNamespace } from './namespace.ts';
import { readNamespaceIndex, readReleaseIndex, readRoots } from './proof.ts';
import { type Stated, signStatus, verifyStatus } from './status.ts';
import { TileDir } from './tile-dir.ts';
import { DirectoryTransport, FILE_LIMITS, PATHS, requireFile } from './transport.ts';
import { WriteLock } from './write-lock.ts';

/** The keys that every change of a registry needs. */
export interface LogKeys {
  readonly log: KeyPair;
  readonly status: KeyPair;
}

/** The one writer of a registry folder. `close` it. */
export class RegistryWriter {
  readonly directory: string;
  readonly transport: DirectoryTransport;
  readonly root: VerifiedRoot;
  readonly #keys: LogKeys;
  readonly #lock: WriteLock;
  readonly #store: TileDir;
  readonly #log: TileLog;
  readonly #now: number;
  #revoked: Revocations = { digests: [], keys: [] };
  #newest: NewestDocuments = [];

  /** Opens the folder at `now` (milliseconds). E_REGISTRY_BUSY, E_REGISTRY where the keys are not this registry's. */
  constructor(directory: string, keys: LogKeys, now: number) {
    this.directory = directory;
    this.transport = new DirectoryTransport(directory);
    this.#keys = keys;
    this.#now = now;
    this.#store = new TileDir(directory);
    const roots = readRoots(this.transport);
    this.root = verifyRoot(roots, rootFingerprint(roots[0]!), now);
    requireKey('log', keys.log, this.root.log.keys);
    requireKey('status', keys.status, this.root.status.keys);
    this.#lock = new WriteLock(join(directory, '.lock'));
    try {
      const head = this.#readHead();
      this.#log = new TileLog(this.#store, sha256, head && { size: head.size, root: head.hash });
      if (head !== undefined) ({ revoked: this.#revoked, namespaces: this.#newest } = this.#readStated(head));
    } catch (thrown) {
      this.#lock.release();
      throw thrown;
    }
  }

  /** Entries in the log: the index of the next one. */
  get size(): number {
    return this.#log.size;
  }

  /** Everything revoked so far. */
  get revoked(): Revocations {
    return this.#revoked;
  }

  close(): void {
    this.#lock.release();
  }

  /** Logs the entries under a new checkpoint and a new status; the index of the first. */
  commit(entries: readonly LogEntry[]): number {
    this.#lock.requireHeld();
    const { first } = this.#log.append(entries.map(formatEntry));
    this.#revoked = mergeRevocations(this.#revoked, revocationsIn(entries, first));
    this.#newest = newestIn(this.#newest, entries);
    this.#lock.requireHeld();
    const { origin } = this.root.log;
    const note = signHead(origin, { size: this.size, root: this.#log.root() }, this.#keys.log);
    this.#store.write(PATHS.checkpoint, Buffer.from(note));
    this.renewStatus();
    return first;
  }

  /** Signs a status of the log as it is. */
  renewStatus(): void {
    const head = this.#readHead();
    if (head === undefined) throw new SignetError('E_REGISTRY', 'the registry has no checkpoint yet');
    const stated = { rootVersion: this.root.version, namespaces: this.#newest, revoked: this.#revoked };
    this.writeJson(PATHS.status, signStatus(head, stated, this.#keys.status, this.#now));
  }

  /** The documents of the namespace so far, oldest first; none where it was never granted. */
  namespaceChain(namespace: string): NamespaceVersion[] {
    return this.namespaceIndex(namespace).map(({ version }) => {
      const path = PATHS.namespace(namespace, version);
      return readNamespace(parseEnvelope(requireFile(this.transport, path, FILE_LIMITS.envelope), path));
    });
  }

  namespaceIndex(namespace: string): NamespaceIndex['versions'] {
    return orNone(() => readNamespaceIndex(this.transport, namespace));
  }

  releaseIndex(name: string): ReleaseIndex['versions'] {
    return orNone(() => readReleaseIndex(this.transport, name));
  }

  /** Logs and lists a signed namespace document, which must be the next version. */
  grant(envelope: Envelope): void {
    const { document, digest } = readNamespace(envelope);
    const { namespace, version } = document;
    const listed = this.namespaceIndex(namespace);
    if (version !== listed.length + 1) {
      throw new SignetError('E_NAMESPACE', 'the document is not the next version', {
        item: `namespace ${namespace}`,
        expected: `v${listed.length + 1}`,
        actual: `v${version}`,
      });
    }
    const entry = { type: 'namespace', namespace, version, document: digest } as const;
    const path = PATHS.namespace(namespace, version);
    // A document that is there and not listed is what a crash left: then it may be in the log already.
    const left = this.transport.read(path, FILE_LIMITS.envelope);
    const logged = left === undefined ? undefined : this.#findDocument(entry);
    if (logged === undefined) this.writeJson(path, envelope);
    const index = logged ?? this.commit([entry]);
    const versions = [...listed, { version, document: digest, index }];
    this.writeJson(PATHS.namespaceIndex(namespace), { type: 'namespace-index/1', versions });
  }

  /** Revokes an archive's digest, or a key from a log index on; the status says so from now on. */
  revoke(entry: Extract<LogEntry, { type: 'revoke' | 'revoke-key' }>): void {
    this.commit([entry]);
  }

  /** The index of the newest entry that satisfies, or undefined: reads the whole log, for repairs only. */
  find(wanted: (entry: LogEntry) => boolean): number | undefined {
    for (let i = this.size - 1; i >= 0; i--) if (wanted(this.#entry(i))) return i;
    return undefined;
  }

  writeJson(path: string, document: object): void {
    writeFileAtomic(join(this.directory, path), formatDocument(document));
  }

  /** The index of the document; another one logged under its version is E_NAMESPACE. */
  #findDocument(wanted: Extract<LogEntry, { type: 'namespace' }>): number | undefined {
    const item = `namespace ${wanted.namespace} v${wanted.version}`;
    const same = (entry: LogEntry): boolean =>
      entry.type === 'namespace' && entry.namespace === wanted.namespace && entry.version === wanted.version;
    const index = this.find(same);
    if (index !== undefined && JSON.stringify(this.#entry(index)) !== JSON.stringify(wanted)) {
      throw new SignetError('E_NAMESPACE', `${item} was logged with other content`, { item });
    }
    return index;
  }

  #entry(i: number): LogEntry {
    return parseShape(LogEntry, parseJson(this.#log.entry(i), `log entry ${i}`), `log entry ${i}`);
  }

  #readHead(): SignedHead | undefined {
    const bytes = this.transport.read(PATHS.checkpoint, FILE_LIMITS.checkpoint);
    if (bytes === undefined) return undefined;
    return verifyHead(Buffer.from(bytes).toString('utf8'), this.root.log, verify);
  }

  /** From the status of this head; where a crash left another one or none, from the log itself. */
  #readStated(head: SignedHead): Pick<Stated, 'revoked' | 'namespaces'> {
    const bytes = this.transport.read(PATHS.status, FILE_LIMITS.envelope);
    if (bytes !== undefined) {
      try {
        const envelope = parseEnvelope(bytes, PATHS.status, { maxBytes: FILE_LIMITS.envelope });
        return verifyStatus(envelope, this.root.status, head, verify);
      } catch (thrown) {
        if (!(thrown instanceof SignetError)) throw thrown;
      }
    }
    const entries = Array.from({ length: this.size }, (_, i) => this.#entry(i));
    return { revoked: revocationsIn(entries, 0), namespaces: newestIn([], entries) };
  }
}

/** Makes the folder of a registry with its first root; it must not exist. */
export function createRegistryFolder(directory: string, root: Envelope): void {
  try {
    mkdirSync(join(directory, 'root'), { recursive: true });
  } catch (cause) {
    throw new SignetError('E_IO', `${directory} cannot be made`, { item: directory, cause });
  }
  writeFileAtomic(join(directory, PATHS.root(1)), formatDocument(root));
}

/** The last logged document of each namespace, once these entries are logged as well. */
function newestIn(before: NewestDocuments, entries: readonly LogEntry[]): NewestDocuments {
  const newest = new Map(before.map((entry) => [entry.namespace, entry]));
  for (const entry of entries) {
    if (entry.type !== 'namespace') continue;
    const { namespace, version, document } = entry;
    newest.set(namespace, { namespace, version, document });
  }
  return [...newest.values()].sort((a, b) => (a.namespace < b.namespace ? -1 : 1));
}

function revocationsIn(entries: readonly LogEntry[], first: number): Revocations {
  const revoked: Revocations = { digests: [], keys: [] };
  for (const [i, entry] of entries.entries()) {
    const index = first + i;
    if (entry.type === 'revoke') revoked.digests.push({ digest: entry.digest, reason: entry.reason, index });
    if (entry.type === 'revoke-key') {
      revoked.keys.push({ key: entry.key, fromIndex: entry.fromIndex, reason: entry.reason, index });
    }
  }
  return mergeRevocations({ digests: [], keys: [] }, revoked);
}

function requireKey(role: string, key: KeyPair, keys: readonly Uint8Array[]): void {
  if (keys.some((known) => Buffer.compare(known, key.publicKey) === 0)) return;
  throw new SignetError('E_REGISTRY', `the ${role} key is not the one of this registry's root`, {
    item: role,
  });
}

function orNone<T>(read: () => T[]): T[] {
  try {
    return read();
  } catch (thrown) {
    if (thrown instanceof SignetError && thrown.code === 'E_NOT_FOUND') return [];
    throw thrown;
  }
}
