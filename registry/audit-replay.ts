// The log, entry by entry, as it would have been accepted at the time (DESIGN.md §3 "Log", "Namespace document"): which documents were
// in force at which index, which versions exist, what was revoked. Contradictions inside the log are E_AUDIT_ORDER.
import type { VerifiedRoot } from '../keys/root.ts';
import type { LogEntry, StatusDocument } from '../src/contracts/statement.ts';
import type { Revocations } from '../src/contracts/trust.ts';
import { type ErrorCode, SignetError } from '../src/error.ts';

export type PublishEntry = Extract<LogEntry, { type: 'publish' }>;
export type NamespaceEntry = Extract<LogEntry, { type: 'namespace' }>;
export type Report = (thrown: unknown, item?: string) => void;

/** A finding as an error, so that there is one way to report. */
export function finding(
  code: ErrorCode,
  sentence: string,
  item: string,
  expected: string,
  actual: string,
): SignetError {
  return new SignetError(code, sentence, { item, expected, actual });
}

/** An entry with its place. */
export interface Placed<E> {
  readonly index: number;
  readonly entry: E;
}

export class ReplayedLog {
  readonly root: VerifiedRoot;
  /** By `namespace/name@version`. */
  readonly releases = new Map<string, Placed<PublishEntry>>();
  /** The documents of a namespace in the order of the log. */
  readonly namespaces = new Map<string, Placed<NamespaceEntry>[]>();
  readonly revocations: Placed<Extract<LogEntry, { type: 'revoke' | 'revoke-key' }>>[] = [];
  readonly #report: Report;

  constructor(root: VerifiedRoot, report: Report) {
    this.root = root;
    this.#report = report;
  }

  /** Takes in the next entry. Its files are compared later. */
  replay(index: number, entry: LogEntry): void {
    switch (entry.type) {
      case 'publish':
        this.#publish(index, entry);
        return;
      case 'namespace':
        this.#namespace(index, entry);
        return;
      case 'revoke':
      case 'revoke-key':
        this.revocations.push({ index, entry });
        return;
      case 'yank':
        if (!this.releases.has(`${entry.name}@${entry.version}`))
          this.#order(
            `log entry #${index}`,
            'an earlier release',
            `${entry.name} ${entry.version} was never published`,
          );
        return;
      default:
        entry satisfies never;
    }
  }

  /** The status must say exactly what the log says of revocations. */
  compareRevocations(stated: Revocations): void {
    const logged = new Set(this.revocations.map(({ index, entry }) => revocationText(index, entry)));
    const listed = new Set([
      ...stated.digests.map(({ digest, index }) => `${digest} by #${index}`),
      ...stated.keys.map(({ key, fromIndex, index }) => `${key} from #${fromIndex} by #${index}`),
    ]);
    // Of several revocations of one thing the status needs to have the one that reaches furthest.
    const covered = (index: number, entry: Placed<LogEntry>['entry']): boolean =>
      listed.has(revocationText(index, entry)) ||
      (entry.type === 'revoke' && stated.digests.some(({ digest }) => digest === entry.digest)) ||
      (entry.type === 'revoke-key' &&
        stated.keys.some(({ key, fromIndex }) => key === entry.key && fromIndex <= entry.fromIndex));
    for (const { index, entry } of this.revocations) {
      if (covered(index, entry)) continue;
      const what = revocationText(index, entry);
      this.#report(
        finding(
          'E_AUDIT_MISSING',
          'the status leaves out a revocation that is logged',
          'status.json',
          what,
          'absent',
        ),
      );
    }
    for (const what of listed) {
      if (logged.has(what)) continue;
      this.#report(
        finding(
          'E_AUDIT_ADDED',
          'the status has a revocation that is not logged',
          'status.json',
          'a log entry',
          what,
        ),
      );
    }
  }

  /** The status must name the root's version and the last logged document of each namespace. */
  compareNewest(stated: Pick<StatusDocument, 'rootVersion' | 'namespaces'>): void {
    const logged = new Set([`root v${this.root.version}`]);
    for (const chain of this.namespaces.values())
      logged.add(documentText((chain.at(-1) as Placed<NamespaceEntry>).entry));
    const listed = new Set([`root v${stated.rootVersion}`, ...stated.namespaces.map(documentText)]);
    const report = (code: 'E_AUDIT_MISSING' | 'E_AUDIT_ADDED', what: string): void => {
      const missing = code === 'E_AUDIT_MISSING';
      const sentence = missing
        ? 'the status leaves out the newest document'
        : 'the status names a newest document that is not the newest';
      const [expected, actual] = missing ? [what, 'absent'] : ['the newest one that is logged', what];
      this.#report(finding(code, sentence, 'status.json', expected, actual));
    };
    for (const what of logged) if (!listed.has(what)) report('E_AUDIT_MISSING', what);
    for (const what of listed) if (!logged.has(what)) report('E_AUDIT_ADDED', what);
  }

  #publish(index: number, entry: PublishEntry): void {
    const id = `${entry.name}@${entry.version}`;
    const before = this.releases.get(id);
    if (before !== undefined) {
      this.#order(`log entry #${index}`, `${id} once, at #${before.index}`, `${id} again`);
      return;
    }
    this.releases.set(id, { index, entry });
    const namespace = entry.name.slice(0, entry.name.indexOf('/'));
    if (!this.namespaces.has(namespace))
      this.#order(
        `log entry #${index}`,
        `a namespace document of ${namespace} before it`,
        `${id} without one`,
      );
  }

  #namespace(index: number, entry: NamespaceEntry): void {
    const chain = this.namespaces.get(entry.namespace) ?? [];
    this.namespaces.set(entry.namespace, [...chain, { index, entry }]);
    if (entry.version !== chain.length + 1)
      this.#order(
        `log entry #${index}`,
        `${entry.namespace} v${chain.length + 1}`,
        `${entry.namespace} v${entry.version}`,
      );
  }

  #order(item: string, expected: string, actual: string): void {
    this.#report(
      finding('E_AUDIT_ORDER', `${item} contradicts what was logged before`, item, expected, actual),
    );
  }
}

const documentText = ({ namespace, version, document }: Omit<NamespaceEntry, 'type'>): string =>
  `${namespace} v${version} ${document}`;

function revocationText(index: number, entry: LogEntry): string {
  if (entry.type === 'revoke') return `${entry.digest} by #${index}`;
  return entry.type === 'revoke-key' ? `${entry.key} from #${entry.fromIndex} by #${index}` : '';
}
