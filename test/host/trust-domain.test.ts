// Who shares a process with whom is the operator's word alone (DESIGN.md §4).
import { expect, it } from 'vitest';
import { trustDomain } from '../../host/trust-domain.ts';
import { HostPolicy } from '../../src/contracts/config.ts';

/** What policy.yaml says; two bundles; whether they share their domain. */
it.each([
  ['one publisher', {}, 'acme/a', 'acme/b', true],
  ['two publishers', {}, 'acme/a', 'other/a', false],
  ['merged publishers', { merge: [['acme', 'other']] }, 'acme/a', 'other/a', true],
  [
    'publishers of two merges',
    {
      merge: [
        ['acme', 'x'],
        ['other', 'y'],
      ],
    },
    'acme/a',
    'other/a',
    false,
  ],
  ['one that is merged and one that is not', { merge: [['acme', 'x']] }, 'acme/a', 'other/a', false],
  ['bundles of a split publisher', { split: ['acme'] }, 'acme/a', 'acme/b', false],
  ['a split bundle with itself', { split: ['acme'] }, 'acme/a', 'acme/a', true],
  ['a split bundle and its publisher’s namesake', { split: ['acme'] }, 'acme/a', 'a/acme', false],
  ['bundles beside a split publisher', { split: ['acme'] }, 'other/a', 'other/b', true],
])('%s', (_, domains, one, other, shared) => {
  const policy = HostPolicy.parse({ domains });
  expect(trustDomain(policy, one) === trustDomain(policy, other)).toBe(shared);
});

it('is named the same, whatever the order of a merge', () => {
  const of = (merge: string[][]) => trustDomain(HostPolicy.parse({ domains: { merge } }), 'acme/a');
  expect(of([['other', 'acme']])).toBe('acme+other');
  expect(of([['acme', 'other']])).toBe('acme+other');
});
