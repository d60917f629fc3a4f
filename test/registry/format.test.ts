// registry/FORMAT.md quotes real output: the world of the fixture, made anew, must say the same.
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fingerprint } from '../../keys/ed25519.ts';
import { preAuthEncoding } from '../../keys/envelope.ts';
import type { Envelope } from '../../src/contracts/statement.ts';
import * as statement from '../../src/contracts/statement.ts';
import { createWorld, deliver, PUBLISHER, REGISTRY_KEYS, type World } from './fixture.ts';

const FORMAT = readFileSync(new URL('../../registry/FORMAT.md', import.meta.url), 'utf8');
let world: World;
beforeAll(() => {
  world = createWorld();
  world.publish();
});
afterAll(() => world.close());
const envelope = (path: string): Envelope =>
  JSON.parse(readFileSync(join(world.registry, path), 'utf8')) as Envelope;
const payload = (path: string): string => Buffer.from(envelope(path).payload, 'base64').toString();
const quoted = (text: string): void => expect(FORMAT).toContain(`\n${text}\n`);

test('the worked example is what Signet writes', () => {
  for (const [role, pair] of Object.entries({ ...REGISTRY_KEYS, publisher: PUBLISHER })) {
    quoted(`${role.padEnd(9)} ${fingerprint(pair.publicKey)}`);
  }
  expect(FORMAT).toContain(`its fingerprint is \`${world.fingerprint}\``);
  const paths = [
    'root/1.json',
    'namespace/local/1.json',
    'release/local/hello/1.0.0/release.json',
    'status.json',
  ];
  for (const path of paths) quoted(payload(path));
  quoted(envelope('root/1.json').signatures[0]!.sig);
  const length = Buffer.from(envelope('root/1.json').payload, 'base64').length;
  expect(FORMAT).toContain(`DSSEv1 32 application/vnd.signet.root+json ${length} {`);
  quoted(readFileSync(join(world.registry, 'checkpoint'), 'utf8').trimEnd());
  const { proof } = deliver(world);
  for (const { entry } of [proof.namespace[0]!.inclusion, proof.release.inclusion]) {
    quoted(Buffer.from(entry, 'base64').toString());
  }
});

test('the fixed strings are those of the contracts', () => {
  const { IN_TOTO_PAYLOAD, ROOT_PAYLOAD, NAMESPACE_PAYLOAD, STATUS_PAYLOAD, STATEMENT_TYPE } = statement;
  const { RELEASE_PREDICATE, PROVENANCE_PREDICATE, BUILD_TYPE, LOCAL_BUILDER } = statement;
  const strings = [IN_TOTO_PAYLOAD, ROOT_PAYLOAD, NAMESPACE_PAYLOAD, STATUS_PAYLOAD, STATEMENT_TYPE];
  for (const text of [...strings, RELEASE_PREDICATE, PROVENANCE_PREDICATE, BUILD_TYPE, LOCAL_BUILDER]) {
    expect(FORMAT).toContain(`| \`${text}\` `);
  }
});

const noOpenssl = spawnSync('openssl', ['version']).status !== 0;
test.skipIf(noOpenssl)('openssl verifies what is signed, from nothing but the format', () => {
  const { payloadType, payload: base64, signatures } = envelope('release/local/hello/1.0.0/release.json');
  const file = (name: string, bytes: Uint8Array): string => {
    const path = join(world.directory, name);
    writeFileSync(path, bytes);
    return path;
  };
  const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), PUBLISHER.publicKey]);
  const verify = (message: Uint8Array): string =>
    execFileSync(
      'openssl',
      [
        'pkeyutl',
        '-verify',
        '-rawin',
        '-pubin',
        '-keyform',
        'DER',
        '-inkey',
        file('key.der', spki),
        '-in',
        file('message', message),
        '-sigfile',
        file('signature', Buffer.from(signatures[0]!.sig, 'base64')),
      ],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    ).toString();
  const message = preAuthEncoding(payloadType, Buffer.from(base64, 'base64'));
  expect(verify(message)).toContain('Successfully');
  message[message.length - 1]! ^= 1;
  expect(() => verify(message)).toThrow();
});
