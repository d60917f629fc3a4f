// The list of checks itself: nothing that was not run, or failed, can come out as a pass (DESIGN.md §3).
import { expect, test } from 'vitest';
import { CheckRun, failedVerdict, withExtra, withFailure } from '../../../registry/checks/run.ts';
import { CHECK_NAMES, SubjectVerdict } from '../../../src/contracts/verdict.ts';
import { SignetError } from '../../../src/error.ts';

const pass = () => ({ value: 1, detail: 'fine' });
const all = () => {
  const run = new CheckRun();
  return run.verdict('x', {}, () => {
    for (const name of CHECK_NAMES) run.check(name, pass);
  });
};

test('ok needs every check of the list', () => {
  expect(all()).toMatchObject({ ok: true, code: null });
  const run = new CheckRun();
  const verdict = run.verdict('x', {}, () => {
    for (const name of CHECK_NAMES.slice(0, -1)) run.check(name, pass);
  });
  expect(verdict).toMatchObject({ ok: false, code: 'E_INTERNAL' });
  expect(verdict.checks.at(-1)).toEqual({ name: 'policy', state: 'not_run' });
});

test('a check that throws anything fails, with its code, and ends the run', () => {
  for (const [thrown, code] of [
    [new SignetError('E_DIGEST', 'other bytes', { item: 'a', expected: 'b', actual: 'c' }), 'E_DIGEST'],
    [new TypeError('bug'), 'E_INTERNAL'],
    ['text', 'E_INTERNAL'],
    [undefined, 'E_INTERNAL'],
  ] as const) {
    const run = new CheckRun();
    const verdict = run.verdict('x', {}, () => {
      run.check('limits', pass);
      run.check('archive', () => {
        throw thrown;
      });
      run.check('files', pass);
    });
    expect(verdict).toMatchObject({ ok: false, code });
    expect(verdict.checks.slice(0, 3).map(({ state }) => state)).toEqual(['pass', 'fail', 'not_run']);
  }
});

test('a failed check carries item, expected, actual and what to do', () => {
  const error = new SignetError('E_DIGEST', 'other bytes', { item: 'a', expected: 'b', actual: 'c' });
  const check = failedVerdict('x', 'files', error).checks.find(({ state }) => state === 'fail');
  expect(check).toEqual({
    name: 'files',
    state: 'fail',
    code: 'E_DIGEST',
    detail: 'other bytes',
    item: 'a',
    expected: 'b',
    actual: 'c',
    fix: error.fix,
  });
});

test('a skip says why, and is no pass', () => {
  const run = new CheckRun();
  const verdict = run.verdict('x', {}, () => {
    for (const name of CHECK_NAMES)
      run.check(name, () => ({ value: null, detail: 'unused', skipped: 'not required' }));
  });
  expect(verdict.checks.every(({ state, detail }) => state === 'skip' && detail === 'not required')).toBe(
    true,
  );
});

test('a check that fails after all takes what follows with it', () => {
  const verdict = withFailure(all(), 'log', new SignetError('E_EQUIVOCATION', 'two histories'));
  expect(verdict).toMatchObject({ ok: false, code: 'E_EQUIVOCATION', subject: 'x' });
  expect(verdict.checks.map(({ state }) => state)).toEqual([
    ...Array(5).fill('pass'),
    'fail',
    ...Array(6).fill('not_run'),
  ]);
});

test('every verdict has the shape of its contract', () => {
  for (const verdict of [all(), failedVerdict('x', 'files', new Error('x'), { name: 'local/x' })]) {
    expect(SubjectVerdict.parse(verdict)).toEqual(verdict);
  }
});

test('a check that is asked for besides decides as the others do, and is not run after a failure', () => {
  const passed = withExtra(all(), 'rebuild', () => 'the same');
  expect(passed).toMatchObject({ ok: true, code: null });
  expect(passed.checks.at(-1)).toEqual({ name: 'rebuild', state: 'pass', detail: 'the same' });
  const refuse = (): string => {
    throw new SignetError('E_REBUILD', 'other bytes', { expected: 'a', actual: 'b' });
  };
  const failed = withExtra(all(), 'rebuild', refuse);
  expect(failed).toMatchObject({ ok: false, code: 'E_REBUILD' });
  expect(failed.checks.at(-1)).toMatchObject({ name: 'rebuild', state: 'fail', expected: 'a', actual: 'b' });
  const before = failedVerdict('x', 'files', new SignetError('E_DIGEST', 'x'));
  const after = withExtra(before, 'rebuild', () => 'never');
  expect(after).toMatchObject({ ok: false, code: 'E_DIGEST' });
  expect(after.checks.at(-1)).toEqual({ name: 'rebuild', state: 'not_run' });
  expect(SubjectVerdict.parse(after)).toEqual(after);
});

test('a refusal says what its error says, and makes nothing up; whatever else is thrown says what it was', () => {
  const failed = (thrown: unknown) =>
    failedVerdict('x', 'files', thrown).checks.find(({ state }) => state === 'fail');
  expect(failed(new SignetError('E_JSON', 'no JSON'))).toEqual({
    name: 'files',
    state: 'fail',
    code: 'E_JSON',
    detail: 'no JSON',
    fix: expect.stringMatching(/./),
  });
  expect(failed(new TypeError('x is no function'))).toMatchObject({
    code: 'E_INTERNAL',
    expected: 'no failure of Signet itself',
    actual: 'x is no function',
  });
});
