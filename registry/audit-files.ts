// The files of a registry against its replayed log: every archive, statement, document and index that the log names, as it names it, and
// nothing that it does not name (THREATS.md 1, 8, 9, 21). Links and other kinds of files are findings, never followed.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { verify } from '../keys/ed25519.ts';
import { parseEnvelope, unverifiedPayload, verifyEnvelope } from '../keys/envelope.ts';
import { sha256 } from '../keys/hash.ts';
import { type Envelope, IN_TOTO_PAYLOAD, LOCAL_BUILDER } from '../src/contracts/statement.ts';
import { digestOf } from '../src/digest.ts';
import { SignetError } from '../src/error.ts';
import { archiveDigest } from './archive.ts';
import { finding, type Placed, type PublishEntry, type ReplayedLog, type Report } from './audit-replay.ts';
import { isTilePath } from './audit-tiles.ts';
import { covers, type NamespaceVersion, readNamespace, verifyNamespaceChain } from './namespace.ts';
import { readNamespaceIndex, readReleaseIndex } from './proof.ts';
import { archiveFacts } from './sign.ts';
import { parseProvenance } from './statement.ts';
import { DirectoryTransport, FILE_LIMITS, PATHS } from './transport.ts';

/** What may stand beside the files that the log names: the tiles are checked as the log is read. */
const TOP = new Set(['root', 'namespace', 'release', 'index', 'tile', 'checkpoint', 'status.json', '.lock']);

export class AuditFiles {
  readonly #directory: string;
  readonly #transport: DirectoryTransport;
  readonly #report: Report;
  /** Every path that the log accounts for. */
  readonly #named = new Set<string>();

  constructor(directory: string, report: Report) {
    this.#directory = directory;
    this.#transport = new DirectoryTransport(directory);
    this.#report = report;
  }

  compare(log: ReplayedLog): void {
    const chains = new Map<string, NamespaceVersion[]>();
    for (const namespace of log.namespaces.keys())
      chains.set(
        namespace,
        this.#attempt(`namespace ${namespace}`, () => this.#documents(log, namespace)) ?? [],
      );
    for (const [id, placed] of log.releases) this.#attempt(id, () => this.#release(log, chains, placed));
    this.#indexes(log);
    for (let version = 1; version <= log.root.version; version++) this.#named.add(PATHS.root(version));
    this.#nothingElse();
  }

  /** The documents of a namespace as logged, in their chain; undefined stands for none. */
  #documents(log: ReplayedLog, namespace: string): NamespaceVersion[] {
    const found: NamespaceVersion[] = [];
    for (const { index, entry } of log.namespaces.get(namespace) ?? []) {
      const path = PATHS.namespace(namespace, entry.version);
      const envelope = this.#envelope(path, `log entry #${index}`);
      if (envelope === undefined) continue;
      const document = readNamespace(envelope);
      if (document.digest === entry.document) found.push(document);
      else this.#changed(path, `${entry.document} of log entry #${index}`, document.digest);
    }
    if (found.length > 0 && found.length === log.namespaces.get(namespace)?.length) {
      // Recoveries and expiry concern who installs, not what is kept: the registrar's signatures do.
      const recoveries = new Set(found.map(({ digest }) => digest));
      verifyNamespaceChain(found, { namespace, registrar: log.root.registrar, now: 0, recoveries, verify });
    }
    return found;
  }

  #release(
    log: ReplayedLog,
    chains: Map<string, NamespaceVersion[]>,
    { index, entry }: Placed<PublishEntry>,
  ): void {
    const { name, version } = entry;
    const folder = PATHS.release(name, version);
    const where = `log entry #${index}`;
    const archive = this.#read(`${folder}/archive.tar`, FILE_LIMITS.archive, where);
    if (archive !== undefined) {
      const digest = archiveDigest(archive);
      if (digest !== entry.archive) this.#changed(`${folder}/archive.tar`, entry.archive, digest);
      else {
        const statement = digestOf(sha256, archiveFacts(archive).statement);
        if (statement !== entry.release)
          this.#changed(
            `${folder}/archive.tar`,
            `the archive of release statement ${entry.release}`,
            statement,
          );
      }
    }
    const release = this.#statement(`${folder}/release.json`, entry.release, where);
    const provenance =
      entry.provenance === null
        ? undefined
        : this.#statement(`${folder}/provenance.json`, entry.provenance, where);
    const namespace = name.slice(0, name.indexOf('/'));
    const placed = log.namespaces.get(namespace) ?? [];
    const inForce = chains.get(namespace)?.[placed.filter((document) => document.index < index).length - 1];
    if (inForce === undefined) return;
    const required = {
      payloadType: IN_TOTO_PAYLOAD,
      keys: inForce.keys.map(({ key }) => key).filter((key) => covers(inForce, key, index)),
      threshold: inForce.document.threshold,
      verify,
    };
    if (release !== undefined)
      this.#attempt(`${folder}/release.json`, () => {
        verifyEnvelope(release, { ...required, item: `${folder}/release.json` });
      });
    if (provenance === undefined) return;
    this.#attempt(`${folder}/provenance.json`, () => {
      const item = `${folder}/provenance.json`;
      const { predicate } = parseProvenance(unverifiedPayload(provenance, IN_TOTO_PAYLOAD, item));
      // Another builder signs with its own key, which policies name and no registry.
      if (predicate.runDetails.builder.id === LOCAL_BUILDER)
        verifyEnvelope(provenance, { ...required, item });
    });
  }

  #statement(path: string, digest: string, where: string): Envelope | undefined {
    const envelope = this.#attempt(path, () => this.#envelope(path, where));
    if (envelope === undefined) return undefined;
    const actual = this.#attempt(path, () =>
      digestOf(sha256, unverifiedPayload(envelope, IN_TOTO_PAYLOAD, path)),
    );
    if (actual === undefined || actual === digest) return envelope;
    this.#changed(path, `${digest} of ${where}`, actual);
    return undefined;
  }

  /** An index lists exactly what the log names, where the log has it. */
  #indexes(log: ReplayedLog): void {
    const expected = new Map<string, Set<string>>();
    const add = (path: string, line: string): void => {
      expected.set(path, (expected.get(path) ?? new Set()).add(line));
    };
    for (const { index, entry } of log.releases.values())
      add(PATHS.index(entry.name), `${entry.version} ${entry.archive} #${index}`);
    for (const [namespace, documents] of log.namespaces)
      for (const { index, entry } of documents)
        add(PATHS.namespaceIndex(namespace), `v${entry.version} ${entry.document} #${index}`);
    for (const [path, lines] of expected) {
      this.#named.add(path);
      const listed = this.#attempt(path, () => this.#listed(path)) ?? [];
      for (const line of lines)
        if (!listed.includes(line))
          this.#report(
            finding('E_AUDIT_MISSING', `${path} does not list what is logged`, path, line, 'not listed'),
          );
      for (const line of listed)
        if (!lines.has(line))
          this.#report(
            finding('E_AUDIT_ADDED', `${path} lists what is not logged`, path, 'a log entry', line),
          );
    }
  }

  #listed(path: string): string[] {
    const id = path.slice('index/'.length, -'.json'.length);
    return id.includes('/')
      ? readReleaseIndex(this.#transport, id).map((v) => `${v.version} ${v.digest} #${v.index}`)
      : readNamespaceIndex(this.#transport, id).map((v) => `v${v.version} ${v.document} #${v.index}`);
  }

  /** Whatever is there and accounted for by nothing. */
  #nothingElse(): void {
    for (const entry of readdirSync(this.#directory, { withFileTypes: true, recursive: true })) {
      const path = join(entry.parentPath, entry.name).slice(this.#directory.length + 1);
      const top = path.split('/')[0] as string;
      if (entry.isDirectory() ? TOP.has(top) : this.#named.has(path)) continue;
      if (entry.isFile() && (TOP.has(path) || (top === 'tile' && isTilePath(path)))) continue;
      const what = entry.isFile() || entry.isDirectory() ? 'present' : 'present, and no regular file';
      this.#report(finding('E_AUDIT_ADDED', `${path} is not named by the log`, path, 'nothing', what));
    }
  }

  #envelope(path: string, where: string): Envelope | undefined {
    const bytes = this.#read(path, FILE_LIMITS.envelope, where);
    return bytes === undefined ? undefined : parseEnvelope(bytes, path);
  }

  #read(path: string, maxBytes: number, where: string): Uint8Array | undefined {
    this.#named.add(path);
    const bytes = this.#attempt(path, () => this.#transport.read(path, maxBytes) ?? null);
    if (bytes === undefined) return undefined;
    if (bytes !== null) return bytes;
    this.#report(finding('E_AUDIT_MISSING', `${path} is missing`, path, `present, for ${where}`, 'missing'));
    return undefined;
  }

  #changed(path: string, expected: string, actual: string): void {
    this.#report(finding('E_AUDIT_CHANGED', `${path} is not what was logged`, path, expected, actual));
  }

  #attempt<T>(item: string, body: () => T): T | undefined {
    try {
      return body();
    } catch (thrown) {
      if (!(thrown instanceof SignetError)) throw thrown;
      this.#report(thrown, item);
      return undefined;
    }
  }
}
