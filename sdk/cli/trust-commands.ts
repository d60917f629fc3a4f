// The commands of trust: roots, keys, namespaces, revocations (DESIGN.md §6; keys/README.md is their runbook).
import type { Command, OptionRow } from './command.ts';

const directory: OptionRow = { type: 'string', value: 'DIR', does: 'the project folder (default: this one)' };
const out: OptionRow = { type: 'string', value: 'FILE', does: 'where to write the document' };
const keys = (role: string): OptionRow => ({
  type: 'string',
  multiple: true,
  value: 'KEY',
  does: `${role}: ed25519:…, a file with that, or the name of a key here`,
});
const expires: OptionRow = {
  type: 'string',
  value: 'WHEN',
  does: 'a time, or days such as 365d (default: 365d)',
};
const named: OptionRow = {
  type: 'string',
  multiple: true,
  value: 'NAME',
  does: 'key of the keyring that signs',
};
export const registry: OptionRow = {
  type: 'string',
  value: 'NAME|DIR',
  does: 'name of the registry in policy.yaml, or its folder (default: that of the namespace, or the only one)',
};

export const TRUST_COMMANDS: readonly Command[] = [
  {
    name: 'root',
    does: 'draws up, signs, rotates and pins threshold roots',
    takes: 'ACTION …',
    arity: [1, 3],
    actions: [
      ['init', 'draws up version 1, unsigned'],
      ['show FILE', 'what it says, its fingerprint, and whose signatures it has'],
      ['sign FILE', 'adds the signature of --key; compare the fingerprint first'],
      ['rotate FILE', 'draws up the successor of a root, with the given roles and expiry changed'],
      ['publish FILE DIR', 'puts a finished root in force in a registry folder'],
      ['pin FILE', 'trusts the root with exactly that --fingerprint'],
      ['unpin FINGERPRINT', 'trusts it no longer; what was seen under it is kept'],
    ],
    options: {
      directory,
      out,
      root: keys('holders of the root'),
      registrar: keys('who grants namespaces'),
      log: keys('who signs checkpoints'),
      status: keys('who signs revocations'),
      witness: keys('who cosigns checkpoints'),
      threshold: {
        type: 'string',
        multiple: true,
        value: 'ROLE=N',
        does: 'signatures that a role needs (default: root more than half, others 1)',
      },
      origin: { type: 'string', value: 'NAME', does: 'name of the log, such as example.com/skills' },
      expires,
      key: named,
      previous: { type: 'string', value: 'FILE', does: 'the root that this one follows' },
      fingerprint: { type: 'string', value: 'SHA256:…', does: 'refuse any other document than this' },
      vouch: { type: 'boolean', does: 'a new registrar vouches for every namespace document in the folder' },
      replaces: { type: 'string', value: 'SHA256:…', does: 'unpin that root; its revocations go on binding' },
    },
    example: 'registry root show .signet/registry/root/1.json',
    load: async () => (await import('./commands/root.ts')).run,
  },
  {
    name: 'keys',
    does: 'makes, lists, encrypts and imports signing keys; shows public parts only',
    takes: 'ACTION …',
    arity: [1, 2],
    actions: [
      ['list', 'every key of this user'],
      ['new NAME', 'makes a key'],
      ['show NAME', 'its public key and fingerprint'],
      ['encrypt NAME', 'puts a plain key under a passphrase'],
      ['passphrase NAME', 'puts an encrypted key under another passphrase'],
      ['import NAME', 'keeps a key from --file or standard input: a key file, or base64 of the seed'],
    ],
    options: {
      encrypt: { type: 'boolean', does: 'put the new key under a passphrase' },
      file: { type: 'string', value: 'FILE', does: 'the key to import (default: standard input)' },
      out: { type: 'string', value: 'FILE', does: 'also write the public key there, for `show` and `new`' },
    },
    example: 'registry keys list',
    load: async () => (await import('./commands/keys.ts')).run,
  },
  {
    name: 'namespace',
    does: 'requests, signs, grants, rotates and confirms the documents of namespaces',
    takes: 'ACTION …',
    arity: [1, 2],
    actions: [
      ['request NAMESPACE', 'draws up version 1 for its publishers’ keys, signed by --key'],
      ['show FILE|NAMESPACE', 'what it says and whose signatures it has'],
      ['sign FILE', 'adds the signature of --key'],
      ['rotate NAMESPACE', 'draws up the next version, signed by --key'],
      ['grant FILE', 'the registrar signs, and logs it'],
      ['confirm DIGEST', 'accepts a recovery, once its owner told you of it by another way'],
    ],
    options: {
      directory,
      registry,
      out,
      key: named,
      publisher: keys('another publisher of the request'),
      add: keys('a publisher to add'),
      end: {
        type: 'string',
        multiple: true,
        value: 'KEY',
        does: 'a publisher whose range ends now: SHA256:…, or as above',
      },
      threshold: {
        type: 'string',
        value: 'N',
        does: 'how many publishers must sign (default: 1, or as before)',
      },
      expires,
      recovery: { type: 'boolean', does: 'the old keys are lost: each operator will have to confirm it' },
    },
    example: 'registry namespace show local',
    load: async () => (await import('./commands/namespace.ts')).run,
  },
  {
    name: 'revoke',
    does: 'revokes an archive, or a key from a log index on; for ever',
    takes: 'DIGEST|NAME@VERSION',
    arity: [0, 1],
    options: {
      directory,
      registry,
      key: {
        type: 'string',
        value: 'KEY',
        does: 'revoke this key instead: SHA256:…, ed25519:…, a file or a name',
      },
      'from-index': { type: 'string', value: 'N', does: 'first log index at which the key no longer counts' },
      reason: { type: 'string', value: 'TEXT', does: 'why; everyone reads it' },
    },
    example: `registry revoke sha256:${'0'.repeat(64)} --reason 'a build that never left us'`,
    load: async () => (await import('./commands/revoke.ts')).run,
  },
];
