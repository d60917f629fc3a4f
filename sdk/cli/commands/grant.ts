// `signet grant`: shows the grants in plain words, adds one, or takes one away. Only ever a person's doing: the principal is
// the user who types the command (DESIGN.md §4 "Agents cannot grant").
import { realpathSync } from 'node:fs';
import { userInfo } from 'node:os';
import { isAbsolute, resolve } from 'node:path';
import { describeGrant } from '../../../host/grant-text.ts';
import { addGrant, type GrantDraft, grantId, loadGrants, removeGrant } from '../../../host/grants.ts';
import { isReading } from '../../../host/http-scope.ts';
import { projectPaths } from '../../../host/paths.ts';
import { resolveCommand } from '../../../host/resolve-command.ts';
import { readLockfile } from '../../../registry/lockfile.ts';
import { type Grant, type HttpScope, MAC_ALGORITHMS } from '../../../src/contracts/config.ts';
import type { Principal } from '../../../src/contracts/plan.ts';
import { SignetError } from '../../../src/error.ts';
import { directoryOf, type Invocation, type Run, text, texts } from '../command.ts';

const clock = { now: () => Date.now() };

export const run: Run = async (invocation) => {
  const { positionals } = invocation;
  const paths = projectPaths(directoryOf(invocation));
  const person: Principal = { kind: 'human', id: userInfo().username };
  const remove = text(invocation, 'remove');
  if (remove !== undefined)
    return show(invocation, [removeGrant(paths.grants, remove, person, clock)], 'taken away: ');
  const [bundle, capability, ...argv] = positionals;
  if (bundle === undefined) return show(invocation, loadGrants(paths.grants).grants, '');
  if (capability === undefined) throw usage('which capability is granted?');
  const granted = addGrant(paths.grants, draft(invocation, bundle, capability, argv), person, clock);
  const locked = readLockfile(paths.lockfile).find(({ name }) => name === bundle);
  if (locked === undefined) invocation.output.note(`warning: ${bundle} is not installed\n`);
  else if (!locked.capabilities.some(({ id }) => id === capability)) {
    invocation.output.note(
      `warning: ${bundle} ${locked.version} does not ask for ${capability}: the grant has no effect\n`,
    );
  }
  return show(invocation, [granted], 'granted: ');
};

function show({ json, output }: Invocation, grants: readonly Grant[], prefix: string): 0 {
  if (json)
    output.result(
      `${JSON.stringify({ schema: 'grants/1', ok: true, grants: grants.map((grant) => ({ id: grantId(grant), ...grant })) })}\n`,
    );
  else if (grants.length === 0) output.note('nothing is granted\n');
  else for (const grant of grants) output.result(`${prefix}${grantId(grant)}  ${describeGrant(grant)}\n`);
  return 0;
}

function draft(
  invocation: Invocation,
  bundle: string,
  capability: string,
  argv: readonly string[],
): GrantDraft {
  const expires = text(invocation, 'expires');
  const common = {
    bundle,
    reason: text(invocation, 'reason') ?? 'no reason was given',
    ...(expires === undefined ? {} : { expires }),
  };
  switch (capability) {
    case 'fs.read': {
      const path = text(invocation, 'path');
      if (path === undefined) throw usage('fs.read needs --path PATH');
      return { ...common, capability, class: classOf(invocation, 'observe'), path: existing(path) };
    }
    case 'exec': {
      const command = text(invocation, 'command');
      const stdin = invocation.flags['stdin'] === true;
      if (command !== undefined && argv.length > 0)
        throw usage('exec takes --command TEXT or -- PROGRAM ARGUMENT…, not both');
      if (command !== undefined) {
        const resolved = resolveCommand(command, process.env['PATH'] ?? '/usr/bin:/bin');
        return { ...common, capability, class: classOf(invocation), command, ...resolved, stdin };
      }
      const [program, ...args] = argv;
      if (program === undefined) throw usage('exec needs --command TEXT or -- PROGRAM ARGUMENT…');
      if (!isAbsolute(program)) throw usage(`${program} is not an absolute path`);
      return { ...common, capability, class: classOf(invocation), program, args, stdin, shell: false };
    }
    case 'kv':
      return { ...common, capability, class: classOf(invocation) };
    case 'http': {
      const scope = httpScope(invocation, capability);
      const reading = scope.methods.every(isReading);
      const maxBytes = text(invocation, 'max-bytes');
      return {
        ...common,
        capability,
        class: classOf(invocation, reading ? 'observe' : 'mutate'),
        ...scope,
        private: invocation.flags['private'] === true,
        ...(maxBytes === undefined ? {} : { maxBytes: Number(maxBytes) }),
      };
    }
    case 'secret': {
      const name = text(invocation, 'name');
      if (name === undefined) throw usage('secret needs --name NAME, as `signet secret list` shows it');
      return { ...common, capability, class: 'observe', name, use: secretUse(invocation) };
    }
    default:
      throw usage(
        `${capability} cannot be granted: this version knows fs.read, http, exec, kv and secret; clock, random and log need no grant`,
      );
  }
}

function httpScope(invocation: Invocation, capability: string): HttpScope & { methods: string[] } {
  const given = text(invocation, 'origin');
  if (given === undefined) throw usage(`${capability} needs --origin URL, such as https://api.example.com`);
  const url = URL.parse(given);
  if (url === null || (url.pathname !== '/' && text(invocation, 'path-prefix') === undefined))
    throw usage(`--origin ${given} is not an origin: say its path as --path-prefix PATH`);
  const methods = texts(invocation, 'method').map((method) => method.toUpperCase());
  return {
    origin: url.origin,
    methods: methods.length === 0 ? ['GET'] : [...new Set(methods)],
    pathPrefix: text(invocation, 'path-prefix') ?? '/',
  };
}

function secretUse(invocation: Invocation): Extract<GrantDraft, { capability: 'secret' }>['use'] {
  const macs = texts(invocation, 'mac');
  const header = text(invocation, 'header');
  if (macs.length > 0 === (header !== undefined))
    throw usage('secret needs either --mac ALGORITHM or --origin URL with --header NAME');
  if (header === undefined) {
    const algorithms = MAC_ALGORITHMS.filter((algorithm) => macs.includes(algorithm));
    if (algorithms.length < new Set(macs).size) throw usage(`--mac is one of ${MAC_ALGORITHMS.join(', ')}`);
    return { mac: { algorithms } };
  }
  const format =
    text(invocation, 'format') ?? (header.toLowerCase() === 'authorization' ? 'Bearer {}' : '{}');
  return { http: { ...httpScope(invocation, 'secret'), header, format } };
}

/** What the grant may do. Where nothing says so, there is no safe guess: the operator must. */
function classOf(invocation: Invocation, fallback?: Grant['class']): Grant['class'] {
  const given = text(invocation, 'class') ?? fallback;
  if (given === 'observe' || given === 'mutate') return given;
  throw usage('--class observe (it changes nothing) or --class mutate is missing');
}

function existing(path: string): string {
  try {
    return realpathSync(resolve(path));
  } catch (cause) {
    throw new SignetError('E_NOT_FOUND', `there is no ${path}`, { item: path, cause });
  }
}

const usage = (sentence: string): SignetError =>
  new SignetError('E_USAGE', sentence, { fix: 'signet grant --help' });
