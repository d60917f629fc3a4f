// The options of `signet grant` as a grant (DESIGN.md §7 "Grant"): paths and commands are resolved now, and where nothing says
// of which class it is, there is no safe guess.
import { existsSync, realpathSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import type { GrantDraft } from '../../host/grants.ts';
import { isReading } from '../../host/http-scope.ts';
import { resolveCommand } from '../../host/resolve-command.ts';
import { formatTime } from '../../src/contracts/common.ts';
import { Grant, type HttpScope, MAC_ALGORITHMS } from '../../src/contracts/config.ts';
import { SignetError } from '../../src/error.ts';
import type { Clock } from '../../src/ports.ts';
import { type Invocation, text, texts } from './command.ts';

const GRANTABLE = Grant.options.map(({ shape }) => shape.capability.value);

/** Milliseconds of a unit of `--for`. */
const UNITS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** What the command line grants; `argv` is what follows the capability. E_USAGE, E_NOT_FOUND, E_GRANT. */
export function grantDraft(
  invocation: Invocation,
  bundle: string,
  capability: string,
  argv: readonly string[],
  clock: Clock,
): GrantDraft {
  const expires = expiryOf(invocation, clock);
  const common = {
    bundle,
    reason: text(invocation, 'reason') ?? 'no reason was given',
    ...(expires === undefined ? {} : { expires }),
  };
  switch (capability) {
    case 'fs.read': {
      const path = existing(required(invocation, capability, 'path', 'PATH'));
      return { ...common, capability, class: classOf(invocation, 'observe'), path };
    }
    case 'exec': {
      const command = text(invocation, 'command');
      const stdin = invocation.flags['stdin'] === true;
      const sandbox = invocation.flags['sandbox'] === true ? { sandbox: true } : {};
      if (command !== undefined && argv.length > 0)
        throw usage('exec takes --command TEXT or -- PROGRAM ARGUMENT…, not both');
      if (command !== undefined) {
        const resolved = resolveCommand(command, process.env['PATH'] ?? '/usr/bin:/bin');
        return { ...common, capability, class: classOf(invocation), command, ...resolved, stdin, ...sandbox };
      }
      const [program, ...args] = argv;
      if (program === undefined) throw usage('exec needs --command TEXT or -- PROGRAM ARGUMENT…');
      if (!isAbsolute(program)) throw usage(`${program} is not an absolute path`);
      return {
        ...common,
        capability,
        class: classOf(invocation),
        program,
        args,
        stdin,
        shell: false,
        ...sandbox,
      };
    }
    case 'fs.write': {
      const maxBytes = count(invocation, 'max-bytes');
      return {
        ...common,
        capability,
        class: classOf(invocation, 'mutate'),
        path: planned(required(invocation, capability, 'path', 'PATH')),
        ...(maxBytes === undefined ? {} : { maxBytes }),
      };
    }
    case 'kv':
      return { ...common, capability, class: classOf(invocation) };
    case 'http': {
      const scope = httpScope(invocation, capability);
      const reading = scope.methods.every(isReading);
      const maxBytes = count(invocation, 'max-bytes');
      return {
        ...common,
        capability,
        class: classOf(invocation, reading ? 'observe' : 'mutate'),
        ...scope,
        private: invocation.flags['private'] === true,
        ...(maxBytes === undefined ? {} : { maxBytes }),
      };
    }
    case 'secret': {
      const name = text(invocation, 'name');
      if (name === undefined) throw usage('secret needs --name NAME, as `signet secret list` shows it');
      return { ...common, capability, class: 'observe', name, use: secretUse(invocation) };
    }
    case 'invoke': {
      const fn = required(invocation, capability, 'function', 'KIND/NAME');
      return { ...common, capability, class: classOf(invocation), function: fn };
    }
    case 'model': {
      const roles = [...texts(invocation, 'role')];
      if (roles.length === 0) throw usage('model needs --role NAME');
      const maxTokensPerCall = count(invocation, 'max-tokens');
      const tokensPerDay = count(invocation, 'tokens-per-day');
      return {
        ...common,
        capability,
        class: classOf(invocation, 'observe'),
        roles,
        ...(maxTokensPerCall === undefined ? {} : { maxTokensPerCall }),
        ...(tokensPerDay === undefined ? {} : { tokensPerDay }),
      };
    }
    default:
      throw usage(
        `${capability} cannot be granted: ${GRANTABLE.join(', ')} can; clock, random and log need no grant`,
      );
  }
}

function httpScope(invocation: Invocation, capability: string): HttpScope & { methods: string[] } {
  const given = text(invocation, 'origin');
  if (given === undefined) throw usage(`${capability} needs --origin URL, such as https://api.example.com`);
  const url = URL.parse(given);
  if (url === null || url.href !== `${url.origin}/`)
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
  if (macs.length === 0 && header === undefined)
    throw usage('secret needs --mac ALGORITHM, or --origin URL with --header NAME');
  if (macs.length > 0 && header !== undefined)
    throw usage('--mac ALGORITHM or --header NAME: one grant, one use');
  if (header === undefined) {
    const algorithms = MAC_ALGORITHMS.filter((algorithm) => macs.includes(algorithm));
    if (algorithms.length < new Set(macs).size) throw usage(`--mac is one of ${MAC_ALGORITHMS.join(', ')}`);
    return { mac: { algorithms } };
  }
  const format =
    text(invocation, 'format') ?? (header.toLowerCase() === 'authorization' ? 'Bearer {}' : '{}');
  return { http: { ...httpScope(invocation, 'secret'), header, format } };
}

/** `--expires TIME`, or `--for 15m|2h|3d` from now. */
function expiryOf(invocation: Invocation, clock: Clock): string | undefined {
  const expires = text(invocation, 'expires');
  const lifetime = text(invocation, 'for');
  if (lifetime === undefined) return expires;
  if (expires !== undefined) throw usage('--for or --expires, not both');
  const [, digits = '', unit = ''] = /^([1-9]\d{0,3})([mhd])$/.exec(lifetime) ?? [];
  if (digits === '') throw usage(`--for takes minutes, hours or days such as 15m, 2h, 3d; found ${lifetime}`);
  // Rounded up: `expires` counts whole seconds.
  return formatTime(clock.now() + Number(digits) * (UNITS[unit] ?? 0) + 999);
}

function required(invocation: Invocation, capability: string, flag: string, value: string): string {
  const given = text(invocation, flag);
  if (given === undefined) throw usage(`${capability} needs --${flag} ${value}`);
  return given;
}

function count(invocation: Invocation, flag: string): number | undefined {
  const given = text(invocation, flag);
  if (given === undefined) return undefined;
  if (!/^[1-9]\d{0,14}$/.test(given)) throw usage(`--${flag} takes a whole number from 1, found ${given}`);
  return Number(given);
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

/** A file that may not exist yet, in a folder that does. */
function planned(path: string): string {
  const whole = resolve(path);
  return existsSync(whole) ? existing(whole) : join(existing(dirname(whole)), basename(whole));
}

const usage = (sentence: string): SignetError =>
  new SignetError('E_USAGE', sentence, { fix: 'signet grant --help' });
