// Grants in words: what a person is shown before and after granting, and the command line that grants (DESIGN.md §4 "an
// interpreter, or a literal shell line, is granted only as that exact text and shown as `equals your shell`").
import { homedir } from 'node:os';
import { basename } from 'node:path';
import type { Grant, HttpScope } from '../src/contracts/config.ts';
import type { GrantDraft } from './grants.ts';
import { readsBeside } from './http-scope.ts';
import { isInside } from './plain-path.ts';
import { plain, shellQuote } from './plain-text.ts';

/** Programs that run what their arguments, their input or a script of someone else's tells them to run. */
const INTERPRETERS = new RegExp(
  `^(?:${[
    '(?:ba|da|z|k|mk|fi|tc|c|a|r|pw)?sh|busybox|toybox',
    'python|pypy|perl|ruby|lua|luajit|php|node|nodejs|deno|bun|tclsh|guile|Rscript|java|osascript',
    '[gmn]?awk|original-awk|make|gmake|npm|npx|yarn|pnpm|uvx',
    'env|xargs|parallel|find|nohup|nice|timeout|time|watch|setsid|script|expect',
    'stdbuf|flock|ionice|taskset|chrt|numactl|prlimit|setarch|ld(?:-[\\w.-]*)?\\.so|strace|ltrace|gdb|lldb|valgrind',
    'vi|r?vim(?:\\.\\w+)?|nvim|view|ex|ed|emacs|[gs]?sed|git|tar|rsync|tmux|screen|socat|docker|podman',
    'sudo|su|doas|runuser|setpriv|chroot|unshare|nsenter|systemd-run|at|batch|ssh',
  ].join('|')})(?:[-.]?\\d[\\d.]*)?$`,
);

/** True where the program is a shell or an interpreter: with it a bundle can do what the operator can at a prompt. */
export function equalsShell(grant: { program: string; shell: boolean }): boolean {
  return grant.shell || INTERPRETERS.test(basename(grant.program));
}

const IN_SANDBOX = 'inside a sandbox, without network and home, where it changes nothing but temporary files';
const RUNS_ANYTHING = 'in there it runs whatever it is told to';
const EQUALS_SHELL = 'this equals your shell: it can do whatever you can do at a prompt';

/** Folders of what the system runs and believes. */
const SYSTEM = ['/bin', '/boot', '/etc', '/lib', '/lib64', '/opt', '/sbin', '/usr', '/var/spool'];

/** True where who writes to the path decides what is run: the system's folders, a home, or what starts with a dot in it. */
export function reachesPrograms(path: string, home = homedir()): boolean {
  if (isInside(home, path) || isInside(path, `${home}/bin`)) return true;
  if (isInside(path, home) && path.slice(home.length).startsWith('/.')) return true;
  return SYSTEM.some((folder) => isInside(folder, path) || isInside(path, folder));
}

/** One grant in plain words, one line. */
export function describeGrant(grant: Grant): string {
  const until = grant.expires === undefined ? '' : `, until ${grant.expires}`;
  return `${grant.bundle} may ${describeSubject(grant)}${until} — granted by ${plain(grant.by)}: ${plain(grant.reason)}`;
}

/** What a grant allows, as it follows on `may`. */
export function describeSubject(grant: Grant): string {
  switch (grant.capability) {
    case 'fs.read':
      return `read ${plain(grant.path, 4096)} and, where that is a folder, every file below it`;
    case 'exec': {
      const line = plain([grant.program, ...grant.args].map(shellQuote).join(' '), 16_384);
      const named = grant.command === undefined ? '' : ` when it asks for "${plain(grant.command, 16_384)}"`;
      const stdin = grant.stdin ? ', with input of its own choice' : '';
      const inside = grant.sandbox === true ? `; ${IN_SANDBOX}` : '';
      const shell = equalsShell(grant) ? `; ${grant.sandbox === true ? RUNS_ANYTHING : EQUALS_SHELL}` : '';
      return `run exactly ${line}${named}${stdin}${inside}${shell}; ${describeClass(grant.class)}`;
    }
    case 'fs.write': {
      const each = grant.maxBytes === undefined ? '' : `, at most ${grant.maxBytes} bytes each`;
      const shell = reachesPrograms(grant.path) ? `; ${EQUALS_SHELL}` : '';
      return `write ${plain(grant.path, 4096)} and, where that is a folder, every file below it${each}${shell}`;
    }
    case 'invoke':
      return grant.class === 'mutate'
        ? `call ${grant.function}, which acts under its own grants; what it changes has to be a step of the plan`
        : `call ${grant.function}, always as a dry run`;
    case 'model': {
      const each = grant.maxTokensPerCall === undefined ? '' : `, ${grant.maxTokensPerCall} tokens a call`;
      const day = grant.tokensPerDay === undefined ? '' : `, ${grant.tokensPerDay} tokens a day`;
      const limits = `${each}${day}` || ', without a limit of tokens';
      return `ask a model as ${grant.roles.map((role) => plain(role, 64)).join(' or ')}${limits}`;
    }
    case 'kv':
      return grant.class === 'mutate'
        ? `keep values of its own, for each tenant apart; ${describeClass(grant.class)}`
        : 'read the values it has kept';
    case 'http': {
      const mixed = readsBeside(grant) ? ' (GET and HEAD only observe)' : '';
      const inner = grant.private ? ', also where that leads into your own network or this machine' : '';
      return `send ${describeScope(grant)}${inner}; ${describeClass(grant.class)}${mixed}`;
    }
    case 'secret':
      return describeSecret(grant);
    default:
      return grant satisfies never;
  }
}

function describeScope({ origin, methods, pathPrefix }: HttpScope): string {
  return `${methods.join(', ')} to ${plain(origin, 300)}${plain(pathPrefix, 1024)}${pathPrefix.endsWith('/') ? '…' : ''}`;
}

function describeSecret({ name, use }: Extract<Grant, { capability: 'secret' }>): string {
  if ('mac' in use)
    return `learn whether a message carries a valid ${use.mac.algorithms.join(' or ')} of the secret ${name}, never the secret`;
  const { header, format, origin } = use.http;
  const value = plain(format.replace('{}', name), 512);
  const open = origin.startsWith('http:') ? ', unencrypted' : '';
  return `have the secret ${name} sent as "${header}: ${value}" with ${describeScope(use.http)}${open}; it never sees the secret`;
}

function describeClass(effectClass: Grant['class']): string {
  return effectClass === 'mutate'
    ? 'it changes things, so it needs a plan and is left out of a dry run'
    : 'you say that it changes nothing, so it also runs in a dry run and without a plan';
}

const scopeWords = ({ origin, methods, pathPrefix }: HttpScope): string[] => [
  '--origin',
  origin,
  ...methods.flatMap((method) => ['--method', method]),
  ...(pathPrefix === '/' ? [] : ['--path-prefix', pathPrefix]),
];

const useWords = (use: Extract<GrantDraft, { capability: 'secret' }>['use']): string[] =>
  'mac' in use
    ? use.mac.algorithms.flatMap((one) => ['--mac', one])
    : [...scopeWords(use.http), '--header', use.http.header, '--format', use.http.format];

/** What `signet grant` is called with to make the grant: runs as printed. `lifetime`, such as `1d`, from when it is run. */
export function grantCommandLine(draft: GrantDraft, lifetime?: string): string {
  const words = ['signet', 'grant', draft.bundle, draft.capability, ...optionsOf(draft)];
  if (draft.expires !== undefined) words.push('--expires', draft.expires);
  if (lifetime !== undefined) words.push('--for', lifetime);
  words.push('--reason', draft.reason);
  // Without a text to resolve, program and argv follow as they are.
  if (draft.capability === 'exec' && draft.command === undefined)
    words.push('--', draft.program, ...draft.args);
  return words.map(shellQuote).join(' ');
}

function optionsOf(draft: GrantDraft): string[] {
  const option = (name: string, value: string | number | undefined): string[] =>
    value === undefined ? [] : [`--${name}`, String(value)];
  switch (draft.capability) {
    case 'fs.read':
      return option('path', draft.path);
    case 'fs.write':
      return [...option('path', draft.path), ...option('max-bytes', draft.maxBytes)];
    case 'exec':
      return [
        ...option('command', draft.command),
        ...(draft.stdin ? ['--stdin'] : []),
        ...(draft.sandbox === true ? ['--sandbox'] : []),
        ...option('class', draft.class),
      ];
    case 'kv':
      return option('class', draft.class);
    case 'http':
      return [
        ...scopeWords(draft),
        ...(draft.private ? ['--private'] : []),
        ...option('max-bytes', draft.maxBytes),
        ...option('class', draft.class),
      ];
    case 'secret':
      return [...option('name', draft.name), ...useWords(draft.use)];
    case 'invoke':
      return [...option('function', draft.function), ...option('class', draft.class)];
    case 'model':
      return [
        ...draft.roles.flatMap((role) => option('role', role)),
        ...option('max-tokens', draft.maxTokensPerCall),
        ...option('tokens-per-day', draft.tokensPerDay),
      ];
    default:
      return draft satisfies never;
  }
}
