// What a bundle requires (THREATS.md H22): refusals name both, circles say the same of every member, whoever is asked first.
import { expect, test } from 'vitest';
import { requireDependencies } from '../../host/requires.ts';
import type { LockedBundle } from '../../src/contracts/config.ts';
import { EXTENSION, type Manifest } from '../../src/contracts/manifest.ts';
import { SignetError } from '../../src/error.ts';
import { Routes } from '../../src/routes.ts';

/** Bundles by name, each providing `skill/<name>` and requiring those functions; `bad` ones are refused by themselves. */
function world(
  requires: Readonly<Record<string, Readonly<Record<string, string>>>>,
  bad: readonly string[] = [],
) {
  const bundles = Object.keys(requires).map(
    (label) =>
      ({
        name: `local/${label.split('@')[0]}`,
        version: label.split('@')[1] ?? '1.0.0',
        digest: label,
        provides: [`skill/${label.split('@')[0]}`],
      }) as unknown as LockedBundle,
  );
  const routes = new Routes(bundles);
  const verdicts = new Map<string, SignetError | undefined>();
  const refusalOf = (bundle: LockedBundle, path: readonly LockedBundle[] = []): SignetError | undefined => {
    const { digest } = bundle;
    if (verdicts.has(digest)) return verdicts.get(digest);
    let refusal: SignetError | undefined;
    try {
      if (bad.includes(digest)) throw new SignetError('E_REVOKED', 'revoked');
      const manifest = { extensions: { [EXTENSION]: { requires: requires[digest] } } } as unknown as Manifest;
      requireDependencies(bundle, manifest, path, routes, refusalOf);
    } catch (thrown) {
      refusal = thrown as SignetError;
    }
    verdicts.set(digest, refusal);
    return refusal;
  };
  return (label: string): SignetError | undefined =>
    refusalOf(bundles.find(({ digest }) => digest === label) as LockedBundle);
}

test('what is there is fine, itself and an older version of itself included', () => {
  expect(world({ a: { 'skill/b': '^1' }, b: {} })('a')).toBe(undefined);
  expect(world({ a: { 'skill/a': '^1' } })('a')).toBe(undefined);
  expect(world({ 'a@2.0.0': { 'skill/a': '^1' }, 'a@1.0.0': {} })('a@2.0.0')).toBe(undefined);
});

test('a dependant of what is refused is refused, naming both and the reason', () => {
  const refusal = world({ a: { 'skill/b': '^1' }, b: {} }, ['b'])('a');
  expect(refusal).toMatchObject({ code: 'E_REQUIRES', item: 'skill/b', actual: 'E_REVOKED' });
  expect(refusal?.message).toMatch(/local\/a@1\.0\.0 requires skill\/b of local\/b@1\.0\.0.*E_REVOKED/);
});

test('only the version in range counts', () => {
  const versions = { a: { 'skill/b': '^1' }, 'b@1.0.0': {}, 'b@2.0.0': {} };
  expect(world(versions, ['b@2.0.0'])('a')).toBe(undefined);
  expect(world(versions, ['b@1.0.0'])('a')?.code).toBe('E_REQUIRES');
});

test.each([
  ['a', 'b', 'c'],
  ['c', 'a', 'b'],
  ['b', 'c', 'a'],
])(
  'a circle, asked in the order %s %s %s, refuses each member alike and its dependants by name',
  (...order) => {
    const judge = world({
      a: { 'skill/b': '*' },
      b: { 'skill/c': '*' },
      c: { 'skill/a': '*' },
      d: { 'skill/a': '*' },
    });
    for (const member of order) {
      const refusal = judge(member);
      expect(refusal?.code).toBe('E_REQUIRES_CYCLE');
      for (const name of ['local/a@1.0.0', 'local/b@1.0.0', 'local/c@1.0.0'])
        expect(refusal?.message).toContain(name);
    }
    expect(judge('d')).toMatchObject({ code: 'E_REQUIRES', actual: 'E_REQUIRES_CYCLE' });
  },
);

test('two bundles that provide what is required are a conflict of the dependant too', () => {
  const judge = world({ a: { 'skill/b': '*' }, b: {} });
  expect(judge('a')).toBe(undefined);
  const routes = new Routes([
    { name: 'x/b', version: '1.0.0', digest: 'x', provides: ['skill/b'] },
    { name: 'y/b', version: '1.0.0', digest: 'y', provides: ['skill/b'] },
  ] as unknown as LockedBundle[]);
  const manifest = { extensions: { [EXTENSION]: { requires: { 'skill/b': '*' } } } } as unknown as Manifest;
  const asks = () =>
    requireDependencies({ name: 'z/a' } as LockedBundle, manifest, [], routes, () => undefined);
  expect(asks).toThrow(expect.objectContaining({ code: 'E_DISPATCH_CONFLICT' }));
});

test('a chain that is too long is refused before it fills the stack', () => {
  const chain = (length: number) =>
    Object.fromEntries(
      Array.from({ length }, (_, i) => [`b${i}`, i + 1 < length ? { [`skill/b${i + 1}`]: '*' } : {}]),
    );
  expect(world(chain(64))('b0')).toBe(undefined);
  let refusal = world(chain(1_000))('b0');
  while (refusal?.cause instanceof SignetError) refusal = refusal.cause;
  expect(refusal?.code).toBe('E_LIMIT');
});
