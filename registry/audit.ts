// Replaying a registry's log against everything that the registry has (DESIGN.md §3 "Log"; THREATS.md 1, 8, 11, 13, 26, 27, 30): every
// entry must be kept as the log names it, and nothing else may be there. Rests on the root that the operator pinned; indexes,
// folders and tiles are looked at and never believed. Finds everything it can: one finding does not end it.
import { verify } from '../keys/ed25519.ts';
import { sha256 } from '../keys/hash.ts';
import type { VerifiedRoot } from '../keys/root.ts';
import { verifyRoot } from '../keys/root.ts';
import { LogEntry } from '../src/contracts/statement.ts';
import type { PinnedRoot } from '../src/contracts/trust.ts';
import { asSignetError, type ErrorCode, SignetError } from '../src/error.ts';
import { parseJson } from '../src/json.ts';
import { CompactRange, leafHash } from '../src/merkle.ts';
import { parseShape } from '../src/shape.ts';
import type { TileReader } from '../src/tile-reader.ts';
import { AuditFiles } from './audit-files.ts';
import { ReplayedLog } from './audit-replay.ts';
import { auditTiles } from './audit-tiles.ts';
import { checkGrowth, type SignedHead, verifyHead } from './log.ts';
import { readCurrentHead, readRoots } from './proof.ts';
import { DEFAULT_RULES } from './rules.ts';
import { checkFreshness, verifyStatus } from './status.ts';
import { DirectoryTransport } from './transport.ts';
import type { PolicyRules } from './trust.ts';
import { checkWitnesses } from './witness.ts';

/** One thing that is wrong, by the code of what it is. */
export interface Finding {
  readonly code: ErrorCode;
  readonly item: string;
  readonly sentence: string;
  readonly expected: string;
  readonly actual: string;
  readonly fix: string;
}

export interface AuditResult {
  readonly findings: readonly Finding[];
  /** Entries in the log; 0 where the log itself cannot be read. */
  readonly size: number;
  readonly root: string | undefined;
  readonly counts: { readonly releases: number; readonly namespaces: number; readonly revocations: number };
}

export interface AuditOptions {
  readonly directory: string;
  /** The pinned root with what was seen under it. */
  readonly pin: PinnedRoot;
  readonly freshness: { readonly installDays: number; readonly loadDays: number };
  readonly rules?: PolicyRules;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** Everything that is missing, added, changed or out of order. Never throws for anything in the folder. */
export function auditRegistry(options: AuditOptions): AuditResult {
  const findings: Finding[] = [];
  const report = (thrown: unknown, item?: string): void => {
    const error = asSignetError(thrown);
    findings.push({
      code: error.code,
      item: error.item ?? item ?? options.directory,
      sentence: error.message,
      expected: error.expected ?? 'what the log names',
      actual: error.actual ?? error.message,
      fix: error.fix,
    });
  };
  const attempt = <T>(item: string, body: () => T): T | undefined => {
    try {
      return body();
    } catch (thrown) {
      report(thrown, item);
      return undefined;
    }
  };
  const transport = new DirectoryTransport(options.directory);
  const none = { releases: 0, namespaces: 0, revocations: 0 };
  const root = attempt('root', () =>
    verifyRoot(readRoots(transport), options.pin.fingerprint, options.now, verify),
  );
  const current = attempt('checkpoint', () => readCurrentHead(transport));
  const head = current && root && attempt('checkpoint', () => verifyHead(current.note, root.log, verify));
  if (root === undefined || current === undefined || head === undefined)
    return { findings, size: 0, root: undefined, counts: none };
  attempt('checkpoint', () => checkGrowth(current.reader, head, options.pin.checkpoint));
  attempt('checkpoint', () => auditWitnesses(options, root, head));
  const entries = readEntries(options.directory, current.reader, head, report);
  const log = new ReplayedLog(root, report);
  for (const [index, entry] of entries.entries()) if (entry !== undefined) log.replay(index, entry);
  attempt('status', () => {
    const status = verifyStatus(current.status, root.status, head, verify);
    log.compareRevocations(status.revoked);
    log.compareNewest(status);
    checkFreshness(status, null, 'install', options.freshness, options.now);
  });
  new AuditFiles(options.directory, report).compare(log);
  const { releases, namespaces, revocations } = log;
  return {
    findings,
    size: head.size,
    root: head.root,
    counts: { releases: releases.size, namespaces: namespaces.size, revocations: revocations.length },
  };
}

function auditWitnesses(options: AuditOptions, root: VerifiedRoot, head: SignedHead): void {
  const { quorum } = (options.rules ?? DEFAULT_RULES).witness;
  const maxDays = options.freshness.installDays;
  checkWitnesses(head.note, { role: root.witness, quorum, purpose: 'install', maxDays }, options.now, verify);
}

/** Every entry in its place, undefined where it cannot be read; the tree is built anew from their bytes and from every tile. */
function readEntries(
  directory: string,
  reader: TileReader,
  head: SignedHead,
  report: (thrown: unknown, item?: string) => void,
): (LogEntry | undefined)[] {
  const tree = new CompactRange(sha256);
  const leaves: Uint8Array[] = [];
  const entries: (LogEntry | undefined)[] = [];
  let whole = true;
  for (let index = 0; index < head.size; index++) {
    const item = `log entry #${index}`;
    try {
      // Proved under the head: entry, leaf tile and every tile on the way agree.
      const bytes = reader.entry(index);
      leaves.push(bytes);
      tree.append(leafHash(sha256, bytes));
      entries.push(parseShape(LogEntry, parseJson(bytes, item), item));
    } catch (thrown) {
      report(thrown, item);
      if (asSignetError(thrown).code === 'E_LOG_CORRUPT') whole = false;
      entries.push(undefined);
    }
  }
  // Without every entry there is nothing to hold the tiles against: which cannot be read was said above.
  if (whole) auditTiles(directory, leaves, report);
  if (whole && Buffer.compare(tree.root(), head.hash) !== 0) {
    report(
      new SignetError('E_LOG_CORRUPT', 'the entries do not have the root that is signed', {
        item: 'log',
        expected: head.root,
        actual: `sha256:${Buffer.from(tree.root()).toString('hex')}`,
      }),
    );
  }
  return entries;
}
