// The replay by itself: what contradicts what, before any file is looked at.
import { expect, test } from 'vitest';
import type { VerifiedRoot } from '../../keys/root.ts';
import { ReplayedLog } from '../../registry/audit-replay.ts';
import { asSignetError } from '../../src/error.ts';

const digest = (n: number) => `sha256:${String(n).repeat(64)}`;
const key = `SHA256:${'a'.repeat(64)}`;
function replay() {
  const reports: string[] = [];
  const log = new ReplayedLog({} as VerifiedRoot, (thrown) => {
    const { code, item } = asSignetError(thrown);
    reports.push(`${code} ${item}`);
  });
  return { log, reports };
}
const publish = (version: string) =>
  ({
    type: 'publish',
    name: 'acme/x',
    version,
    archive: digest(1),
    release: digest(2),
    provenance: null,
  }) as const;
const document = (version: number) =>
  ({ type: 'namespace', namespace: 'acme', version, document: digest(3) }) as const;

test('documents in their order and releases after them contradict nothing', () => {
  const { log, reports } = replay();
  for (const [i, entry] of [document(1), publish('1.0.0'), document(2), publish('1.1.0')].entries())
    log.replay(i, entry);
  expect(reports).toEqual([]);
  expect([...log.releases.keys()]).toEqual(['acme/x@1.0.0', 'acme/x@1.1.0']);
  expect(log.namespaces.get('acme')?.map(({ index }) => index)).toEqual([0, 2]);
});

test.each([
  ['a version twice', [document(1), publish('1.0.0'), publish('1.0.0')], 2],
  ['a release before any document', [publish('1.0.0'), document(1)], 0],
  ['documents that skip a version', [document(1), document(3)], 1],
  ['documents that begin late', [document(2)], 0],
  [
    'a yank of nothing',
    [document(1), { type: 'yank', name: 'acme/x', version: '1.0.0', reason: '' } as const],
    1,
  ],
])('%s', (_, entries, at) => {
  const { log, reports } = replay();
  for (const [i, entry] of entries.entries()) log.replay(i, entry);
  expect(reports).toEqual([`E_AUDIT_ORDER log entry #${at}`]);
});

test('of several revocations of one key the status needs the one that reaches furthest back', () => {
  const { log, reports } = replay();
  log.replay(0, { type: 'revoke-key', key, fromIndex: 5, reason: '' });
  log.replay(1, { type: 'revoke-key', key, fromIndex: 2, reason: '' });
  log.compareRevocations({ digests: [], keys: [{ key, fromIndex: 2, reason: '', index: 1 }] });
  expect(reports).toEqual([]);
  log.compareRevocations({ digests: [], keys: [{ key, fromIndex: 5, reason: '', index: 0 }] });
  expect(reports).toEqual(['E_AUDIT_MISSING status.json']);
});
