// Which version answers (THREATS.md 33, 36, H22): rows of what is installed, what is asked for, and what must answer.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { currentVersions, type Routed, Routes } from '../../src/routes.ts';

const bundle = (label: string, provides: readonly string[] = ['skill/run']): Routed => {
  const [name = '', version = ''] = label.split('@');
  return { name, version, digest: `sha256:${label}`, provides };
};
const answer = (installed: readonly Routed[], range?: string, id = 'skill/run'): string => {
  try {
    const { name, version } = new Routes(installed).route(id, range);
    return `${name}@${version}`;
  } catch (thrown) {
    return (thrown as { code: string }).code;
  }
};

// installed | range | answers
test.each<[string, string | undefined, string]>([
  ['', undefined, 'E_FUNCTION_UNKNOWN'],
  ['a/x@1.0.0', undefined, 'a/x@1.0.0'],
  ['a/x@1.0.0 a/x@2.0.0', undefined, 'a/x@2.0.0'],
  ['a/x@2.0.0 a/x@10.0.0', undefined, 'a/x@10.0.0'],
  ['a/x@1.0.0 a/x@2.0.0 a/x@1.5.0', '^1', 'a/x@1.5.0'],
  ['a/x@1.0.0 a/x@2.0.0', '1.0.0', 'a/x@1.0.0'],
  ['a/x@1.0.0 a/x@2.0.0', '^3', 'E_FUNCTION_UNKNOWN'],
  ['a/x@1.0.0', '^3', 'E_FUNCTION_UNKNOWN'],
  ['a/x@1.0.0', '', 'E_USAGE'],
  ['a/x@1.0.0', 'one', 'E_USAGE'],
  // A prerelease answers where it is asked for, or where there is nothing else.
  ['a/x@1.0.0 a/x@2.0.0-beta.1', undefined, 'a/x@1.0.0'],
  ['a/x@1.0.0 a/x@2.0.0-beta.1', '^2.0.0-beta', 'a/x@2.0.0-beta.1'],
  ['a/x@1.0.0 a/x@2.0.0-beta.1', '>=1', 'a/x@1.0.0'],
  ['a/x@2.0.0-beta.1 a/x@2.0.0-beta.2', undefined, 'a/x@2.0.0-beta.2'],
  // Two names for one function: neither, whatever is asked for.
  ['a/x@1.0.0 b/x@1.0.0', undefined, 'E_DISPATCH_CONFLICT'],
  ['a/x@1.0.0 a/x@2.0.0 b/x@3.0.0', '^1', 'E_DISPATCH_CONFLICT'],
])('with %s, %s goes to %s, in whatever order they stand', (installed, range, expected) => {
  const bundles = installed.split(' ').flatMap((label) => (label === '' ? [] : [bundle(label)]));
  expect(answer(bundles, range)).toBe(expected);
  expect(answer([...bundles].reverse(), range)).toBe(expected);
});

test('a conflict names both, and concerns the one name', () => {
  const installed = [bundle('a/x@1.0.0', ['skill/run', 'skill/own']), bundle('b/y@2.0.0')];
  const routes = new Routes(installed);
  expect(() => routes.route('skill/run')).toThrow(/a\/x@1\.0\.0 and by b\/y@2\.0\.0/);
  expect(answer(installed, undefined, 'skill/own')).toBe('a/x@1.0.0');
  expect(installed.map((one) => routes.conflictOf(one)?.code)).toEqual([
    'E_DISPATCH_CONFLICT',
    'E_DISPATCH_CONFLICT',
  ]);
  expect([routes.answers('skill/run'), routes.answers('skill/own')?.name]).toEqual([undefined, 'a/x']);
  expect(new Routes([bundle('a/x@1.0.0'), bundle('a/x@2.0.0')]).conflictOf(bundle('a/x@1.0.0'))).toBe(
    undefined,
  );
});

test('a function that the newest version dropped is answered by the newest that has it', () => {
  expect(answer([bundle('a/x@1.0.0'), bundle('a/x@2.0.0', ['skill/new'])])).toBe('a/x@1.0.0');
});

test('one out of range says what is there and how to have it', () => {
  expect(() => new Routes([bundle('a/x@1.0.0')]).route('skill/run', '^2')).toThrow(
    expect.objectContaining({
      item: 'skill/run',
      actual: '1.0.0',
      fix: "registry install 'a/x@^2' --beside",
    }),
  );
});

test.each(['constructor', '__proto__', 'toString', 'skill/constructor'])(
  '%s is a name like any other',
  (id) => {
    expect(answer([bundle('a/x@1.0.0')], undefined, id)).toBe('E_FUNCTION_UNKNOWN');
    expect(answer([bundle('a/x@1.0.0', [id])], undefined, id)).toBe('a/x@1.0.0');
  },
);

test('the order of the lockfile decides nothing', () => {
  const versions = fc.array(fc.tuple(fc.nat(3), fc.nat(3), fc.nat(3), fc.boolean()), {
    minLength: 1,
    maxLength: 8,
  });
  fc.assert(
    fc.property(versions, fc.constantFrom(undefined, '^1', '>=2', '~1.2'), (list, range) => {
      const installed = list.map(([a, b, c, pre]) => bundle(`a/x@${a}.${b}.${c}${pre ? '-p.1' : ''}`));
      expect(answer([...installed].reverse(), range)).toBe(answer(installed, range));
    }),
  );
});

test('current versions, one a name', () => {
  const installed = ['a/x@1.0.0', 'b/y@1.0.0-p.1', 'a/x@1.1.0', 'a/x@2.0.0-p.1'].map((label) =>
    bundle(label),
  );
  expect([...currentVersions(installed)]).toEqual([
    ['a/x', '1.1.0'],
    ['b/y', '1.0.0-p.1'],
  ]);
});
