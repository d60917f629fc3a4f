// Proof bundles (DESIGN.md §3 "Proof bundle"): one file with everything that verification needs besides the archive and a
// pinned root. Assembled from a registry's files, none of which is believed: what is wrong in them makes verification fail.

import { formatDocument, parseDocument } from '../keys/document.ts';
import { parseEnvelope, unverifiedPayload } from '../keys/envelope.ts';
import { sha256 } from '../keys/hash.ts';
import { parseCheckpoint } from '../src/checkpoint.ts';
import { type Envelope, ProofBundle, STATUS_PAYLOAD, StatusDocument } from '../src/contracts/statement.ts';
import { NamespaceIndex, ReleaseIndex } from '../src/contracts/trust.ts';
import { SignetError } from '../src/error.ts';
import { parseNote } from '../src/note.ts';
import { openTileLog, type TileReader } from '../src/tile-reader.ts';
import { proveEntry } from './log.ts';
import { FILE_LIMITS, PATHS, requireFile, type Transport, tileStore } from './transport.ts';

/** Bytes of the largest proof bundle that is read. */
export const MAX_PROOF = 16 * 1024 * 1024;
const MAX_CHAIN = 64;
/** How often head and status are read again while the registry is being written. */
const ATTEMPTS = 8;

/** A registry's newest checkpoint with the status of the same size, and its tiles below it. Nothing is verified. */
export interface Head {
  readonly note: string;
  readonly status: Envelope;
  readonly reader: TileReader;
}

/** The bundle in the bytes: E_LIMIT, E_JSON, E_FORMAT, E_FORMAT_VERSION. */
export function parseProof(bytes: Uint8Array): ProofBundle {
  return parseDocument(ProofBundle, bytes, 'proof/1', 'proof bundle', { maxBytes: MAX_PROOF });
}

/** The bytes of a bundle. */
export function formatProof(proof: ProofBundle): Uint8Array {
  return formatDocument(ProofBundle.parse(proof));
}

/** Every root document of the registry, oldest first. */
export function readRoots(transport: Transport): Envelope[] {
  const roots: Envelope[] = [];
  while (roots.length < MAX_CHAIN) {
    const path = PATHS.root(roots.length + 1);
    const bytes = transport.read(path, FILE_LIMITS.envelope);
    if (bytes === undefined) break;
    roots.push(parseEnvelope(bytes, path));
  }
  if (roots.length === 0)
    throw new SignetError('E_REGISTRY', 'the registry has no root/1.json', {
      item: 'root/1.json',
      expected: 'the first root',
      actual: 'no such file',
    });
  return roots;
}

/** The releases of a bundle that the registry lists: a hint. No index at all: E_NOT_FOUND. */
export function readReleaseIndex(transport: Transport, name: string): ReleaseIndex['versions'] {
  const path = PATHS.index(name);
  const bytes = transport.read(path, FILE_LIMITS.index);
  if (bytes === undefined)
    throw new SignetError('E_NOT_FOUND', `the registry has no ${name}`, { item: name });
  return parseDocument(ReleaseIndex, bytes, 'index/1', path, { maxBytes: FILE_LIMITS.index }).versions;
}

/** Where the documents of a namespace stand in the log: a hint. None at all: E_NOT_FOUND. */
export function readNamespaceIndex(transport: Transport, namespace: string): NamespaceIndex['versions'] {
  const path = PATHS.namespaceIndex(namespace);
  const bytes = transport.read(path, FILE_LIMITS.index);
  if (bytes === undefined) {
    throw new SignetError('E_NOT_FOUND', `the registry has no namespace ${namespace}`, { item: namespace });
  }
  return parseDocument(NamespaceIndex, bytes, 'namespace-index/1', path).versions;
}

/** Checkpoint and status of one size; read again where a writer was between the two, then as they are. */
export function readCurrentHead(transport: Transport): Head {
  for (let attempt = 1; ; attempt++) {
    const note = Buffer.from(requireFile(transport, PATHS.checkpoint, FILE_LIMITS.checkpoint)).toString(
      'utf8',
    );
    const bytes = requireFile(transport, PATHS.status, FILE_LIMITS.envelope);
    const status = parseEnvelope(bytes, PATHS.status, { maxBytes: FILE_LIMITS.envelope });
    const head = parseCheckpoint(parseNote(note).text);
    const { size } = parseDocument(
      StatusDocument,
      unverifiedPayload(status, STATUS_PAYLOAD, PATHS.status),
      'status/1',
      PATHS.status,
    );
    if (size === head.size || attempt === ATTEMPTS) {
      return { note, status, reader: openTileLog(tileStore(transport), head, sha256) };
    }
  }
}

/** The proof bundle of one release as the registry tells it. E_NOT_FOUND, E_REGISTRY, E_LOG_CORRUPT. */
export function assembleProof(
  transport: Transport,
  name: string,
  version: string,
): { bundle: ProofBundle; reader: TileReader } {
  const listed = readReleaseIndex(transport, name).find((entry) => entry.version === version);
  if (listed === undefined) {
    throw new SignetError('E_NOT_FOUND', `the registry has no ${name} ${version}`, {
      item: `${name}@${version}`,
    });
  }
  const { note, status, reader } = readCurrentHead(transport);
  const namespace = name.slice(0, name.indexOf('/'));
  const prove = (index: number, item: string) => {
    if (index < reader.size) return proveEntry(reader, index);
    throw new SignetError('E_REGISTRY', `${item} is not in the log yet`, {
      item,
      expected: `an index below ${reader.size}`,
      actual: String(index),
    });
  };
  const envelope = (path: string): Envelope =>
    parseEnvelope(requireFile(transport, path, FILE_LIMITS.envelope), path);
  const folder = PATHS.release(name, version);
  const provenance = transport.read(`${folder}/provenance.json`, FILE_LIMITS.envelope);
  const bundle: ProofBundle = {
    type: 'proof/1',
    root: readRoots(transport),
    namespace: readNamespaceIndex(transport, namespace).map((entry) => ({
      envelope: envelope(PATHS.namespace(namespace, entry.version)),
      inclusion: prove(entry.index, `namespace ${namespace} v${entry.version}`),
    })),
    release: {
      envelope: envelope(`${folder}/release.json`),
      inclusion: prove(listed.index, `${name} ${version}`),
    },
    provenance: provenance === undefined ? null : parseEnvelope(provenance, `${folder}/provenance.json`),
    checkpoint: note,
    status,
  };
  return { bundle, reader };
}
