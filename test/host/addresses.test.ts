// THREATS.md H10: private, mapped, numeric addresses; a name that leads to one.
import { describe, expect, test } from 'vitest';
import { addressesOf, reachOf, systemResolve } from '../../host/addresses.ts';
import { refusal } from './refusal.ts';

const signal = new AbortController().signal;
const nowhere = async () => [];
/** How far the one address of a URL's host reaches. */
async function reach(url: string): Promise<string | undefined> {
  const [address] = await addressesOf(new URL(url).hostname, nowhere, signal);
  return address === undefined ? undefined : reachOf(address);
}

describe('every spelling of an address that is not public', () => {
  // host | how far
  test.each([
    ['127.0.0.1', 'private'],
    ['127.1', 'private'],
    ['2130706433', 'private'],
    ['0x7f000001', 'private'],
    ['0x7f.1', 'private'],
    ['017700000001', 'private'],
    ['0177.0.0.1', 'private'],
    ['①②⑦.⓪.⓪.①', 'private'],
    ['127.0.0.1.', 'private'],
    ['10.255.255.255', 'private'],
    ['172.16.0.1', 'private'],
    ['172.31.255.255', 'private'],
    ['192.168.1.1', 'private'],
    ['100.64.0.1', 'private'],
    ['169.254.169.254', 'private'],
    ['[::1]', 'private'],
    ['[::ffff:127.0.0.1]', 'private'],
    ['[::ffff:7f00:1]', 'private'],
    ['[0:0:0:0:0:ffff:a9fe:a9fe]', 'private'],
    ['[fc00::1]', 'private'],
    ['[fd00:ec2::254]', 'private'],
    ['[fe80::1]', 'private'],
    ['0', 'never'],
    ['0.0.0.0', 'never'],
    ['0.1.2.3', 'never'],
    ['192.0.0.1', 'never'],
    ['192.0.2.1', 'never'],
    ['192.88.99.1', 'never'],
    ['198.18.0.1', 'never'],
    ['198.51.100.1', 'never'],
    ['203.0.113.1', 'never'],
    ['224.0.0.1', 'never'],
    ['240.0.0.1', 'never'],
    ['255.255.255.255', 'never'],
    ['[::]', 'never'],
    ['[::127.0.0.1]', 'never'],
    ['[::ffff:0:127.0.0.1]', 'never'],
    ['[::ffff:8.8.8.8]', 'never'],
    ['[64:ff9b::7f00:1]', 'never'],
    ['[64:ff9b:1::7f00:1]', 'never'],
    ['[100::1]', 'never'],
    ['[2001::1]', 'never'],
    ['[2001:db8::1]', 'never'],
    ['[2002:7f00:1::]', 'never'],
    ['[3fff::1]', 'never'],
    ['[5f00::1]', 'never'],
    ['[fec0::1]', 'never'],
    ['[ff02::1]', 'never'],
    // Their twins.
    ['8.8.8.8', 'public'],
    ['172.32.0.1', 'public'],
    ['100.128.0.1', 'public'],
    ['192.0.1.1', 'public'],
    ['[2606:4700::1111]', 'public'],
    ['[2001:4860:4860::8888]', 'public'],
  ])('%s is %s', async (host, how) => {
    expect(await reach(`http://${host}/`)).toBe(how);
  });

  test('what a resolver answers may be no address at all, or one of the other family', () => {
    for (const address of ['', 'localhost', '127.0.0.1%lo', '8.8.8.8/8', '::ffff:127.0.0.1'])
      expect(reachOf({ address, family: 4 })).toBe('never');
    expect(reachOf({ address: '8.8.8.8', family: 6 })).toBe('never');
    expect(reachOf({ address: 'fe80::1%lo', family: 6 })).toBe('private');
    expect(reachOf({ address: '8.8.8.8', family: 4 })).toBe('public');
  });

  test.each(['http://256.0.0.1/', 'http://1.2.3.4.5/', 'http://[::1%25lo]/', 'http://0x100000000/'])(
    '%s is no address of anything',
    (url) => expect(refusal(() => new URL(url))).toBe('E_INTERNAL'),
  );
});

describe('names', () => {
  test('lead where the resolver says, all of it', async () => {
    const found = [
      { address: '8.8.8.8', family: 4 },
      { address: '::1', family: 6 },
    ] as const;
    expect(await addressesOf('two.example', async () => found, signal)).toEqual(found);
  });
  test('that do not resolve, or not before the end, lead nowhere', async () => {
    expect(
      await addressesOf('a.example', async () => Promise.reject(new Error('10.0.0.53')), signal),
    ).toEqual([]);
    const ended = new AbortController();
    const waiting = addressesOf('b.example', () => new Promise(() => undefined), ended.signal);
    ended.abort();
    expect(await waiting).toEqual([]);
    expect(await addressesOf('c.example', () => new Promise(() => undefined), ended.signal)).toEqual([]);
  });
  test('an address is not looked up', async () => {
    const asked: string[] = [];
    const resolve = async (host: string) => {
      asked.push(host);
      return [];
    };
    for (const host of ['127.0.0.1', '[::1]'])
      expect(await addressesOf(host, resolve, signal)).toHaveLength(1);
    expect(asked).toEqual([]);
  });
  test('the system knows its own name', async () => {
    const found = await systemResolve('localhost');
    expect(found.length).toBeGreaterThan(0);
    for (const address of found) expect(reachOf(address)).toBe('private');
  });
});
