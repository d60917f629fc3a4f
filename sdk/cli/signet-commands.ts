// The commands of `signet`: the running host (DESIGN.md §6).
import type { Command, OptionRow } from './command.ts';

const directory: OptionRow = { type: 'string', value: 'DIR', does: 'the project folder (default: this one)' };

export const SIGNET_COMMANDS: readonly Command[] = [
  {
    name: 'up',
    does: 'starts the host: first bundles, first audit, then listens until SIGINT or SIGTERM',
    takes: '',
    arity: [0, 0],
    options: {
      directory,
      port: { type: 'string', value: 'N', does: 'loopback port (default: a free one)' },
      watch: {
        type: 'string',
        multiple: true,
        value: 'DIR',
        does: 'a source folder: built, signed and installed as local/NAME, and again at every save; may be repeated',
      },
    },
    example: 'signet up',
    load: async () => (await import('./commands/up.ts')).run,
  },
  {
    name: 'status',
    does: 'shows bundles, grants, journal and the layers of isolation that are on',
    takes: '',
    arity: [0, 0],
    options: { directory },
    example: 'signet status',
    load: async () => (await import('./commands/status.ts')).run,
  },
  {
    name: 'tools',
    does: 'lists the functions that can be called',
    takes: '',
    arity: [0, 0],
    options: { directory },
    example: 'signet tools',
    load: async () => (await import('./commands/tools.ts')).run,
  },
  {
    name: 'call',
    does: 'calls one function; nothing is changed without --apply',
    takes: 'KIND/NAME [JSON|-]',
    arity: [1, 2],
    options: {
      directory,
      apply: { type: 'boolean', does: 'compile a plan of the call and let granted effects mutate' },
      version: {
        type: 'string',
        value: 'RANGE',
        does: 'which of the installed versions (default: the highest)',
      },
      with: {
        type: 'string',
        multiple: true,
        value: "'KIND/NAME JSON'",
        does: 'with --apply: a call that this one leads to may mutate, too; may be repeated',
      },
    },
    example: `signet call skill/hello '{"name":"Ada"}'`,
    load: async () => (await import('./commands/call.ts')).run,
  },
  {
    name: 'grant',
    does: 'shows the grants, or grants a bundle one capability',
    takes: '[NAMESPACE/NAME CAPABILITY [-- PROGRAM ARGUMENT…]]',
    arity: [0, 300],
    options: {
      directory,
      path: {
        type: 'string',
        value: 'PATH',
        does: 'fs.read, fs.write: a file, or a folder with everything below it',
      },
      command: {
        type: 'string',
        value: 'TEXT',
        does: 'exec: the exact text the bundle may ask for, resolved now',
      },
      origin: { type: 'string', value: 'URL', does: 'http, secret: scheme, host and port, exactly' },
      method: {
        type: 'string',
        multiple: true,
        value: 'METHOD',
        does: 'http, secret: a method (default: GET); may be repeated',
      },
      'path-prefix': { type: 'string', value: 'PATH', does: 'http, secret: only at and below this path' },
      private: { type: 'boolean', does: 'http: also into your own network, or this machine' },
      'max-bytes': {
        type: 'string',
        value: 'N',
        does: 'http, fs.write: the longest answer, or file (default: 8388608)',
      },
      name: { type: 'string', value: 'NAME', does: 'secret: which one, as `signet secret list` shows it' },
      header: {
        type: 'string',
        value: 'NAME',
        does: 'secret: the header of http requests that it is put into',
      },
      format: {
        type: 'string',
        value: 'TEXT',
        does: "secret: the header's value, {} for the secret (Authorization: 'Bearer {}')",
      },
      mac: {
        type: 'string',
        multiple: true,
        value: 'ALGORITHM',
        does: 'secret: verify a MAC instead: hmac-sha256, hmac-sha512, hmac-sha1',
      },
      stdin: { type: 'boolean', does: 'exec: the bundle may give it standard input' },
      function: { type: 'string', value: 'KIND/NAME', does: 'invoke: the function that may be called' },
      role: { type: 'string', multiple: true, value: 'NAME', does: 'model: a role, may be repeated' },
      'max-tokens': { type: 'string', value: 'N', does: 'model: tokens of one call, in and out' },
      'tokens-per-day': { type: 'string', value: 'N', does: 'model: tokens of all calls of a day (UTC)' },
      class: {
        type: 'string',
        value: 'observe|mutate',
        does: 'what it may do (exec, kv and invoke must say)',
      },
      for: { type: 'string', value: '15m|2h|3d', does: 'how long from now, instead of --expires' },
      expires: { type: 'string', value: 'TIME', does: 'until when, such as 2027-01-31T00:00:00Z' },
      reason: { type: 'string', value: 'TEXT', does: 'why, for those who read grants.yaml' },
      remove: { type: 'string', value: 'ID', does: 'take away the grant of that id, as the list shows it' },
    },
    example:
      "signet grant signet/shell exec --command 'crontab -l' --class observe --reason 'audit the crontab'",
    load: async () => (await import('./commands/grant.ts')).run,
  },
  {
    name: 'audit',
    does: 'compares what specs declare with what runs; a dry run unless --apply',
    takes: '',
    arity: [0, 0],
    options: {
      directory,
      specs: { type: 'string', value: 'FILE', does: 'the spec file (YAML)' },
      spec: { type: 'string', multiple: true, value: 'ID', does: 'only this spec' },
      root: {
        type: 'string',
        value: 'DIR',
        does: 'where relative sources are (default: the folder of the spec file)',
      },
      apply: { type: 'boolean', does: 'apply what is missing, where the spec is machine_sync' },
    },
    example: 'signet audit --specs .signet/example/specs.yaml',
    load: async () => (await import('./commands/audit.ts')).run,
  },
];
