import { afterEach, beforeEach, expect, test } from 'vitest';
import { decodeBase64 } from '../../../src/base64.ts';
import { createFixture, type Fixture } from '../broker-fixture.ts';

let fixture: Fixture;
beforeEach(() => {
  fixture = createFixture();
});
afterEach(() => fixture.close());

test.each([{ bytes: 4097 }, { bytes: -1 }, { bytes: 1.5 }, {}])('%j is E_CAPABILITY_ARGS', async (args) => {
  expect(await fixture.perform(fixture.call(), 'random', args)).toMatchObject({ code: 'E_CAPABILITY_ARGS' });
});

test.each([0, 1, 32, 4096])('%i bytes, never the same', async (bytes) => {
  const answers = [1, 2].map(() => fixture.perform(fixture.call(), 'random', { bytes }));
  const [one, two] = (await Promise.all(answers)).map((answer) => {
    if (!answer.ok) throw new Error(answer.message);
    return (JSON.parse(answer.value) as { base64: string }).base64;
  });
  expect(decodeBase64(one!)).toHaveLength(bytes);
  if (bytes >= 32) expect(one).not.toBe(two);
});
