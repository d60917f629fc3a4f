// THREATS.md H10: headers that would frame the message anew, steer the connection, or override what was granted.
import { expect, test } from 'vitest';
import { isReservedHeader, problemOfHeader } from '../../host/http-headers.ts';

test.each([
  'Host',
  'host',
  'Content-Length',
  'Transfer-Encoding',
  'TE',
  'Trailer',
  'Expect',
  'Accept-Encoding',
  'Connection',
  'Keep-Alive',
  'Upgrade',
  'Proxy-Authorization',
  'Proxy-Connection',
  'Proxy-Anything',
  'X-HTTP-Method-Override',
  'X_HTTP_Method_Override',
  'X-Method-Override',
  'X-HTTP-Method',
  'X-Original-URL',
  'X-Rewrite-URL',
  'Forwarded',
  'X-Forwarded-For',
  'X-Forwarded-Host',
  'X-Forwarded-Prefix',
  'X-Real-IP',
  'Via',
])('%s is never a bundle’s, nor a secret’s place', (name) => {
  expect(isReservedHeader(name)).toBe(true);
  expect(problemOfHeader([name, 'x'])).toBe(`the header ${name}`);
});

test.each<[string, string]>([
  ['', 'x'],
  ['a b', 'x'],
  ['a:', 'x'],
  ['a\r\nHost', 'x'],
  ['ä', 'x'],
  ['a\0', 'x'],
  ['a'.repeat(129), 'x'],
  ['a', 'x\r\nHost: evil'],
  ['a', 'x\nb'],
  ['a', 'x\r'],
  ['a', '\0'],
  ['a', ' x'],
  ['a', 'x\t'],
  ['a', '\u0100'],
  ['a', '嘊嘍'],
  ['a', '\x7f'],
])('%j: %j is none', (name, value) => expect(problemOfHeader([name, value])).toBeDefined());

test.each<[string, string]>([
  ['Authorization', 'Bearer x'],
  ['Cookie', 'a=b; c=d'],
  ['Origin', 'https://a.example'],
  ['X-Api-Key', ''],
  ['accept', 'text/html, */*;q=0.1'],
  ['x-hosted', 'a\tb c'],
  ['x-proxy-hint', 'caf\u00e9'],
  ['content-type', 'application/json'],
])('%j: %j is one', (name, value) => expect(problemOfHeader([name, value])).toBeUndefined());
