import { expect, test } from 'vitest';
import { readSpecs } from '../../../src/convergence/spec-file.ts';

const good = {
  id: 'good',
  drift_action: 'alert_only',
  declaration: { source: 's', extractor: 'e' },
  runtime_observable: { method: 'm', parser: 'p' },
  seed_field: 1,
};

test('a good spec is read, with fields of its own kept', () => {
  expect(readSpecs({ convergence_specs: [good] }, 'f')).toMatchObject([
    { id: 'good', spec: { enabled: true, seed_field: 1 } },
  ]);
});

test('a bad spec is an error of that spec alone', () => {
  const bad = { ...good, id: 'bad', declaration: { source: 's', extractor: 'Bad Name' } };
  const specs = readSpecs({ convergence_specs: [bad, good, 7] }, 'f');
  expect(specs[0]).toMatchObject({
    id: 'bad',
    error: expect.stringMatching(/^load_failed: declaration\.extractor/),
  });
  expect(specs[1]).toMatchObject({ id: 'good', spec: {} });
  expect(specs[2]).toMatchObject({ id: '#2', error: expect.stringMatching(/^load_failed/) });
});

test('two specs with one id: the second is refused', () => {
  expect(readSpecs({ convergence_specs: [good, good] }, 'f')[1]).toMatchObject({
    error: expect.stringContaining('two specs'),
  });
});

test.each([[null], [{}], [{ convergence_specs: [] }], [[]], ['text']])(
  '%o is no spec file: E_CONFIG',
  (document) => {
    expect(() => readSpecs(document, 'f')).toThrowError(expect.objectContaining({ code: 'E_CONFIG' }));
  },
);
