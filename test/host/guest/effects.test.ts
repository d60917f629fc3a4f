// A refused effect, as the guest sees it.
import { expect, it } from 'vitest';
import { effectError } from '../../../host/guest/effects.ts';

it('is an Error with the code', () => {
  const error = effectError('E_CAPABILITY_DENIED', 'not granted');
  expect(error).toBeInstanceOf(Error);
  expect({ ...error, message: error.message }).toEqual({
    code: 'E_CAPABILITY_DENIED',
    message: 'not granted',
  });
});
