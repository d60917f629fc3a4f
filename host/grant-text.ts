// Grants in words: what a person is shown before and after granting, and the command line that grants (DESIGN.md §4 "an
// interpreter, or a literal shell line, is granted only as that exact text and shown as `equals your shell`").
import { basename } from 'node:path';
import type { Grant, HttpScope } from '../src/contracts/config.ts';
import type { GrantDraft } from './grants.ts';
import { readsBeside } from './http-scope.ts';
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

/** One grant in plain words, one line. */
export function describeGrant(grant: Grant): string {
  const until = grant.expires === undefined ? '' : `, until ${grant.expires}`;
  return `${grant.bundle} may ${describeSubject(grant)}${until} — granted by ${plain(grant.by)}: ${plain(grant.reason)}`;
}

function describeSubject(grant: Grant): string {
  switch (grant.capability) {
    case 'fs.read':
      return `read ${plain(grant.path, 4096)} and, where that is a folder, every file below it`;
    case 'exec': {
      const line = plain([grant.program, ...grant.args].map(shellQuote).join(' '), 16_384);
      const named = grant.command === undefined ? '' : ` when it asks for "${plain(grant.command, 16_384)}"`;
      const stdin = grant.stdin ? ', with input of its own choice' : '';
      const shell = equalsShell(grant)
        ? '; this equals your shell: it can do whatever you can do at a prompt'
        : '';
      return `run exactly ${line}${named}${stdin}${shell}; ${describeClass(grant.class)}`;
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

/** What `signet grant` is called with to make the grant: runs as printed. */
export function grantCommandLine(draft: GrantDraft): string {
  const words = ['signet', 'grant', draft.bundle, draft.capability];
  switch (draft.capability) {
    case 'fs.read':
      words.push('--path', draft.path);
      break;
    case 'exec':
      if (draft.command !== undefined) words.push('--command', draft.command);
      if (draft.stdin) words.push('--stdin');
      words.push('--class', draft.class);
      break;
    case 'kv':
      words.push('--class', draft.class);
      break;
    case 'http':
      words.push(...scopeWords(draft));
      if (draft.private) words.push('--private');
      if (draft.maxBytes !== undefined) words.push('--max-bytes', String(draft.maxBytes));
      words.push('--class', draft.class);
      break;
    case 'secret':
      words.push('--name', draft.name);
      if ('mac' in draft.use) words.push(...draft.use.mac.algorithms.flatMap((one) => ['--mac', one]));
      else
        words.push(
          ...scopeWords(draft.use.http),
          '--header',
          draft.use.http.header,
          '--format',
          draft.use.http.format,
        );
      break;
    default:
      draft satisfies never;
  }
  if (draft.expires !== undefined) words.push('--expires', draft.expires);
  words.push('--reason', draft.reason);
  // Without a text to resolve, program and argv follow as they are.
  if (draft.capability === 'exec' && draft.command === undefined)
    words.push('--', draft.program, ...draft.args);
  return words.map(shellQuote).join(' ');
}
