// keys/README.md, executed: every command, each on a machine of its own, in the order of the page; what it brings about is looked at
// with the eyes of a client. And no secret is in anything that was printed or written besides the key files.
import { spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HOST_VERSION } from '../../host/version.ts';
import { formatDocument } from '../../keys/document.ts';
import { generateKeyPair, verify } from '../../keys/ed25519.ts';
import { encodeKey } from '../../keys/key-file.ts';
import { Keyring } from '../../keys/keyring.ts';
import { rootFingerprint, verifyRoot } from '../../keys/root.ts';
import { writeFileAtomic } from '../../keys/safe-file.ts';
import { readDraft } from '../../registry/ceremony.ts';
import { fetchRelease } from '../../registry/fetch.ts';
import { givenTrust } from '../../registry/given-root.ts';
import { readNamespace, verifyNamespaceChain } from '../../registry/namespace.ts';
import { parseProof, readRoots } from '../../registry/proof.ts';
import { DirectoryTransport } from '../../registry/transport.ts';
import { TrustStore } from '../../registry/trust.ts';
import { verifyRelease } from '../../registry/verify.ts';

const BIN = fileURLToPath(new URL('../../sdk/bin/registry.js', import.meta.url));
const README = readFileSync(new URL('../../keys/README.md', import.meta.url), 'utf8');
const PASSPHRASE = 'correct horse battery staple';
const NEW_PASSPHRASE = 'Tr0ub4dor and three';
const SPARE = generateKeyPair();

let root: string;
let stick: string;
let printed = '';
beforeAll(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'signet-runbook-')));
  stick = join(root, 'stick');
  mkdirSync(stick);
  writeFileAtomic(join(stick, 'spare.json'), encodeKey(SPARE));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

function run(
  machine: string,
  args: readonly string[],
): { code: number | null; stdout: string; stderr: string } {
  const folder = join(root, machine);
  mkdirSync(folder, { recursive: true });
  if (!readdirSync(folder).includes('stick')) symlinkSync(stick, join(folder, 'stick'));
  const env = { ...process.env, SIGNET_CONFIG_DIR: join(root, 'config', machine), NO_COLOR: '1' };
  const { status, stdout, stderr } = spawnSync(process.execPath, [BIN, ...args], {
    cwd: folder,
    env: { ...env, SIGNET_KEY_PASSPHRASE: PASSPHRASE, SIGNET_KEY_NEW_PASSPHRASE: NEW_PASSPHRASE },
    encoding: 'utf8',
    timeout: 60_000,
  });
  printed += stdout + stderr;
  return { code: status, stdout, stderr };
}

const draft = (file: string) => readDraft(readFileSync(join(stick, file)), file);
/** `$F2` is the fingerprint of root-2.json, `$D3` the digest of acme-3.json: what people tell each other by telephone. */
const told = (line: string): string =>
  line
    .replace(/\$F(\d)/g, (_, n: string) => rootFingerprint(draft(`root-${n}.json`)))
    .replace(/\$D(\d)/g, (_, n: string) => readNamespace(draft(`acme-${n}.json`)).digest);
const words = (line: string): string[] =>
  [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
const LINES = [...README.matchAll(/^```\n([\s\S]*?)^```$/gm)].flatMap(([, block = '']) =>
  block.trim().split('\n'),
);

describe('the runbook', () => {
  test('every line is a command of a machine', () => {
    expect(LINES.length).toBeGreaterThan(40);
    expect(LINES.filter((line) => !/^[a-z]+\$ registry /.test(line))).toEqual([]);
  });

  test.each(LINES)('%s', (line) => {
    const [, machine = '', command = ''] = /^([a-z]+)\$ registry (.*)$/.exec(line) ?? [];
    const { code, stdout, stderr } = run(machine, words(told(command)));
    expect(code, stderr).toBe(0);
    expect(stdout).not.toBe('');
  });

  test('what it made is what a client accepts: root v4 under the first pin, the namespace at v3', () => {
    const transport = new DirectoryTransport(join(stick, 'registry'));
    const roots = readRoots(transport);
    const pinned = rootFingerprint(roots[0]!);
    const verified = verifyRoot(roots, pinned, Date.now());
    expect(verified).toMatchObject({ version: 4, log: { origin: 'example.com/skills', threshold: 1 } });
    const documents = [1, 2, 3].map((version) =>
      readNamespace(draft(`registry/namespace/acme/${version}.json`)),
    );
    const judge = (recoveries: readonly string[]) =>
      verifyNamespaceChain(documents, {
        namespace: 'acme',
        registrar: verified.registrar,
        now: Date.now(),
        recoveries: new Set(recoveries),
        verify,
      });
    const trust = new TrustStore(join(root, 'you', '.signet', 'trust'), join(root, 'config', 'you'));
    expect(trust.recoveries()).toEqual([documents[2]!.digest]);
    expect(judge(trust.recoveries()).latest.document.version).toBe(3);
    expect(() => judge([])).toThrow(expect.objectContaining({ code: 'E_NAMESPACE_RECOVERY' }));
    expect(trust.pin(pinned)).toBeUndefined();
  });

  test('row 7: what two publishers signed verifies by the first pin alone; with one signature less it does not', () => {
    const registry = new DirectoryTransport(join(stick, 'registry'));
    const pinned = rootFingerprint(readRoots(registry)[0]!);
    const { archive, proof } = fetchRelease(registry, 'duo/tool');
    const judge = (bytes: Uint8Array) =>
      verifyRelease(
        archive,
        bytes,
        givenTrust({ fingerprint: pinned, host: HOST_VERSION }, bytes),
        Date.now(),
      );
    expect(judge(proof)).toMatchObject({ ok: true, name: 'duo/tool' });
    const { release, ...rest } = parseProof(proof);
    const signatures = release.envelope.signatures.slice(0, 1);
    expect(release.envelope.signatures).toHaveLength(2);
    const one = { ...rest, release: { ...release, envelope: { ...release.envelope, signatures } } };
    expect(judge(formatDocument(one)).code).toBe('E_THRESHOLD');
  });

  test('no seed is in anything that was printed, nor in any file besides the plain key files', () => {
    const machines = readdirSync(join(root, 'config'));
    const keys = machines.flatMap((machine) => {
      const secrets = {
        passphrase: (item: string) => (item === 'key spare' ? NEW_PASSPHRASE : PASSPHRASE),
        newPassphrase: () => '',
        signingKey: () => undefined,
      };
      const keyring = new Keyring(join(root, 'config', machine), secrets);
      return keyring
        .list()
        .map(({ name, encrypted }) => ({ ...keyring.publisher(name), encrypted, name, machine }));
    });
    expect(keys.length).toBe(15);
    expect(
      keys
        .filter(({ encrypted }) => encrypted)
        .map(({ name }) => name)
        .sort(),
    ).toEqual(['acme', 'acme-2', 'acme-3', 'alice', 'bob', 'bob-releases', 'carol', 'dave', 'spare']);
    const files = readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
    const texts = files.map((path) => [path, readFileSync(path, 'latin1')] as const);
    for (const { secretKey, encrypted, name, machine } of keys) {
      const seed = Buffer.from(secretKey.subarray(0, 32));
      for (const form of ['base64', 'base64url', 'hex', 'latin1'] as const) {
        const text = seed.toString(form);
        expect(printed).not.toContain(text);
        const own = join(root, 'config', machine, 'publisher', `${name}.json`);
        const held = texts.filter(([, content]) => content.includes(text)).map(([path]) => path);
        const allowed = [...(encrypted ? [] : [own])];
        expect(
          held.filter((path) => !allowed.includes(path) && !path.endsWith('/stick/spare.json')),
          `${name} as ${form}`,
        ).toEqual([]);
      }
    }
    for (const passphrase of [PASSPHRASE, NEW_PASSPHRASE]) expect(printed).not.toContain(passphrase);
  });
});
