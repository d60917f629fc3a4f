// What the operator trusts and has seen (DESIGN.md §3 "Root", "Revocation"; THREATS.md 2, 12, 27, 29): pinned roots, and under
// each the highest root, checkpoint, namespace documents and every revocation. It only ever grows; it is never inside `sdk`,
// transport or bundle, and verification gets it as plain data.
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { formatDocument, parseDocument } from '../keys/document.ts';
import { configDirectory } from '../keys/keyring.ts';
import { PinKey } from '../keys/pin-key.ts';
import { createFileExclusive, readRegularFile, writeFileAtomic } from '../keys/safe-file.ts';
import { formatTime } from '../src/contracts/common.ts';
import type { Policy } from '../src/contracts/config.ts';
import { type Evidence, type FirstPartyLock, type PinnedRoot, TrustFile } from '../src/contracts/trust.ts';
import { SignetError } from '../src/error.ts';
import type { BatchMemo } from './batch-memo.ts';
import { freshMemory, mergeRevocations, type Observation, remember } from './memory.ts';
import { exclusively } from './write-lock.ts';

/** A registry of the policy, and what is remembered under its root; without `pin` its root does not count. */
export interface TrustedRegistry {
  readonly name: string;
  readonly root: string;
  readonly namespaces: readonly string[];
  readonly pin: PinnedRoot | undefined;
  /** Where it is not pinned: what to do about it. */
  readonly unpinned?: string;
}

/** The rules of a policy that do not depend on a registry. */
export type PolicyRules = Pick<Policy, 'provenance' | 'witness' | 'licences' | 'capabilities' | 'limits'>;

/** Everything that verification may rest on besides the bytes and the time. */
export interface TrustState {
  /** `install`: both verifiers, strict freshness, nothing older than what was seen. `load`: what is installed already. */
  readonly purpose: 'install' | 'load';
  readonly registries: readonly TrustedRegistry[];
  readonly freshness: Policy['freshness'];
  readonly provenanceRequired: boolean;
  readonly firstParty: FirstPartyLock;
  /** What else policy.yaml says: builders, witnesses, licences, capabilities, limits; without it, its defaults. */
  readonly rules?: PolicyRules;
  /** Version of the host API. */
  readonly host: string;
  /** `kind/name` of every installed function, with the versions of the bundles that provide it; undefined where no project is. */
  readonly provided: ReadonlyMap<string, readonly string[]> | undefined;
  /** Digests of recovery namespace documents that the operator confirmed. */
  readonly recoveries: ReadonlySet<string>;
  /** By default both verifiers for `install`, one for `load`; `one` where nothing is installed by the verdict. */
  readonly verifiers?: 'both' | 'one';
  /** What this batch of verifications has established already; for one trust state and its verifiers only. */
  readonly memo?: BatchMemo;
}

const MAX_TRUST = 64 * 1024 * 1024;

/**
 * `.signet/trust`: trust.json and evidence. Reads are strict (E_TRUST_STATE), writes atomic. What this user did not seal with
 * the key in their configuration directory is as if absent: a folder of someone else brings no trust along.
 */
export class TrustStore {
  readonly directory: string;
  readonly #path: string;
  readonly #key: PinKey;

  /** `config`: the user's configuration directory. */
  constructor(directory: string, config = configDirectory()) {
    this.directory = directory;
    this.#path = join(directory, 'trust.json');
    this.#key = new PinKey(config);
  }

  /** Every pinned root with its memory; none where nothing was pinned yet. */
  roots(): readonly PinnedRoot[] {
    return this.#read().roots;
  }

  /** Digests of the recovery documents that the operator confirmed. */
  recoveries(): readonly string[] {
    return this.#read().recoveries.map(({ document }) => document);
  }

  pin(fingerprint: string): PinnedRoot | undefined {
    return this.roots().find((root) => root.fingerprint === fingerprint);
  }

  /**
   * Pins a root. Pinning it again changes nothing; whether it is local cannot change (E_ROOT). What was seen under it
   * before it was unpinned counts again. `replaces` unpins another root, whose revocations go on binding under this one.
   */
  pinRoot(fingerprint: string, local: boolean, replaces?: string): void {
    this.#change((file) => this.#pinned(file, fingerprint, local, replaces));
  }

  #pinned(file: TrustFile, fingerprint: string, local: boolean, replaces?: string): TrustFile {
    const { roots, unpinned, ...rest } = file;
    const known = [...roots, ...unpinned].find((root) => root.fingerprint === fingerprint);
    if (known !== undefined && known.local !== local) {
      throw new SignetError(
        'E_ROOT',
        'the root was pinned before, with another word on whether it is local',
        {
          item: fingerprint,
          expected: String(known.local),
          actual: String(local),
        },
      );
    }
    const old = replaces === undefined ? undefined : requirePin(roots, replaces);
    if (known !== undefined && roots.includes(known) && old === undefined) return file;
    const mac = this.#key.seal(pinText(fingerprint, local));
    const memory = { ...(known ?? freshMemory(fingerprint, local)), mac };
    const next = old === undefined ? memory : { ...memory, revoked: inherited(memory, old) };
    return {
      ...rest,
      roots: [...roots.filter((root) => root !== old && root !== known), next],
      unpinned: [...unpinned.filter((root) => root !== known), ...(old === undefined ? [] : [old])],
    };
  }

  /** Takes a pin back: nothing counts under the root any more; what was seen is kept in case it is pinned again. */
  unpinRoot(fingerprint: string): void {
    this.#change(({ roots, unpinned, ...rest }) => {
      const old = requirePin(roots, fingerprint);
      return { ...rest, roots: roots.filter((root) => root !== old), unpinned: [...unpinned, old] };
    });
  }

  /** The operator's word that a recovery of a namespace is meant; false where it was given before. */
  confirmRecovery(digest: string): boolean {
    return this.#change((file) => {
      if (file.recoveries.some(({ document }) => document === digest)) return file;
      const sealed = { document: digest, mac: this.#key.seal(recoveryText(digest)) };
      return { ...file, recoveries: [...file.recoveries, sealed] };
    });
  }

  /** Adds what was verified to the memory of the pinned root (memory.ts). */
  observe(fingerprint: string, seen: Observation): void {
    this.#change((file) => {
      const known = requirePin(file.roots, fingerprint);
      const grown = remember(known, seen);
      if (JSON.stringify(grown) === JSON.stringify(known)) return file;
      return { ...file, roots: file.roots.map((root) => (root === known ? grown : root)) };
    });
  }

  /** Keeps two signed checkpoints that contradict each other, once; returns the file's path. */
  keepEvidence(origin: string, first: string, second: string, now: number): string {
    const evidence: Evidence = {
      type: 'equivocation/1',
      origin,
      foundAt: formatTime(now),
      checkpoints: [first, second],
    };
    const id = createHash('sha256').update(JSON.stringify(evidence.checkpoints)).digest('hex').slice(0, 32);
    const path = join(this.directory, 'evidence', `${id}.json`);
    createFileExclusive(path, formatDocument(evidence), 0o644);
    return path;
  }

  #read(): TrustFile {
    const file = readRegularFile(this.#path, MAX_TRUST);
    if (file === undefined) return { type: 'trust/1', roots: [], unpinned: [], recoveries: [] };
    let trust: TrustFile;
    try {
      trust = parseDocument(TrustFile, file.bytes, 'trust/1', this.#path, { maxBytes: MAX_TRUST });
    } catch (cause) {
      if (cause instanceof SignetError && cause.code === 'E_FORMAT_VERSION') throw cause;
      throw new SignetError('E_TRUST_STATE', `${this.#path} is damaged`, {
        item: this.#path,
        expected: 'the trust state as it was written',
        actual: (cause as Error).message,
        cause,
      });
    }
    const all = [...trust.roots, ...trust.unpinned];
    if (new Set(all.map((root) => root.fingerprint)).size !== all.length)
      throw new SignetError('E_TRUST_STATE', `${this.#path} has one root twice`, { item: this.#path });
    return this.#own(trust);
  }

  /** What this user sealed. The memory under a pin of someone else goes with it: it is theirs, and may be made up. */
  #own(trust: TrustFile): TrustFile {
    const isSealed = this.#key.checker();
    const mine = ({ fingerprint, local, mac }: PinnedRoot): boolean =>
      isSealed(pinText(fingerprint, local), mac);
    return {
      ...trust,
      roots: trust.roots.filter(mine),
      unpinned: trust.unpinned.filter(mine),
      recoveries: trust.recoveries.filter(({ document, mac }) => isSealed(recoveryText(document), mac)),
    };
  }

  /** Whether the body changed anything. Two processes change it one after the other: neither's word is lost (THREATS.md 39). */
  #change(body: (file: TrustFile) => TrustFile): boolean {
    mkdirSync(this.directory, { recursive: true });
    return exclusively(join(this.directory, '.lock'), () => {
      const file = this.#read();
      const next = body(file);
      if (next !== file) writeFileAtomic(this.#path, formatDocument(TrustFile.parse(next)));
      return next !== file;
    });
  }
}

/** What the MAC of a pin, and of a confirmed recovery, is over: no text is both. */
const pinText = (fingerprint: string, local: boolean): string => `signet pin/1\n${fingerprint}\n${local}\n`;
const recoveryText = (document: string): string => `signet recovery/1\n${document}\n`;

function requirePin(roots: readonly PinnedRoot[], fingerprint: string): PinnedRoot {
  const pin = roots.find((root) => root.fingerprint === fingerprint);
  if (pin !== undefined) return pin;
  throw new SignetError('E_ROOT_UNPINNED', 'the root is not pinned', {
    item: fingerprint,
    expected: roots.map((root) => root.fingerprint).join(', ') || 'a pinned root',
    actual: fingerprint,
  });
}

/** The revocations of a root and of the one that it replaces, whose own registry can no longer repeat them. */
function inherited(memory: PinnedRoot, old: PinnedRoot): PinnedRoot['revoked'] {
  const unsigned = <T extends object>(entry: T): T & { by: string[] } => ({ ...entry, by: [] });
  return mergeRevocations(memory.revoked, {
    digests: old.revoked.digests.map(unsigned),
    keys: old.revoked.keys.map(unsigned),
  });
}

/** The registries of the policy with what is remembered under their roots; `howToPin` is asked where one is not pinned. */
export function trustedRegistries(
  policy: Policy,
  roots: readonly PinnedRoot[],
  howToPin?: (registry: Policy['registries'][number]) => string,
): TrustedRegistry[] {
  return policy.registries.map((registry) => {
    const { name, root, namespaces } = registry;
    const pin = roots.find((pinned) => pinned.fingerprint === root);
    const unpinned = pin === undefined ? howToPin?.(registry) : undefined;
    return { name, root, namespaces, pin, ...(unpinned === undefined ? {} : { unpinned }) };
  });
}
