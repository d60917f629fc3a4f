import { expect, test } from 'vitest';
import { KIND_NAMES } from '../../../src/contracts/manifest.ts';
import { KINDS } from '../../../src/kinds/index.ts';
import { kindValidator } from '../../../src/kinds/validators.ts';

test('every kind that fixes its schemas has a validator of the same opinion', () => {
  const fixed = KIND_NAMES.filter((kind) => KINDS[kind].schemas?.input);
  expect(fixed.length).toBe(4);
  for (const kind of KIND_NAMES) {
    for (const side of ['input', 'output'] as const) {
      const schema = KINDS[kind].schemas?.[side] ?? null;
      const validate = kindValidator(kind, side);
      expect(validate === null).toBe(schema === null);
      if (schema === null || validate === null) continue;
      for (const value of [
        {},
        null,
        [],
        { raw: '' },
        { raw: '', declared: [] },
        { observed: ['a'] },
        { entries: [{ id: 'a', data: {} }] },
        { missing: [], extra: [], dryRun: true },
        { applied: [], would: [], errors: [], more: 1 },
      ]) {
        expect(validate(value).ok, `${kind} ${side} ${JSON.stringify(value)}`).toBe(
          schema.safeParse(value).success,
        );
      }
    }
  }
});

test('what has a default may be missing', () => {
  expect(kindValidator('parser', 'output')?.({ observed: ['a'] })).toEqual({
    ok: true,
    value: { observed: ['a'], ambiguous: [] },
  });
});
