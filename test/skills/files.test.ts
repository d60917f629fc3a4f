import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestBundle, type TestBundle } from '../../sdk/testing.ts';

let bundle: TestBundle;
beforeAll(async () => {
  bundle = await openTestBundle(new URL('../../skills/files', import.meta.url).pathname, ({ args }) => ({
    text: `read ${(args as { path: string }).path}`,
  }));
});
afterAll(() => bundle.close());

test('the text of the file that the URL names', async () => {
  expect(await bundle.call('observer/file_text', { url: 'file:///etc/x' })).toEqual({ raw: 'read /etc/x' });
});

test.each([['http://x/'], ['file://host/x'], ['/etc/x'], [undefined]])(
  '%s is refused and nothing is read',
  async (url) => {
    const before = bundle.asked.length;
    await expect(bundle.call('observer/file_text', url === undefined ? {} : { url })).rejects.toMatchObject({
      code: 'E_GUEST',
    });
    expect(bundle.asked.length).toBe(before);
  },
);
