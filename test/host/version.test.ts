import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { HOST_VERSION } from '../../host/version.ts';

test('the host says the version of its package', () => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  expect(HOST_VERSION).toBe(version);
});
