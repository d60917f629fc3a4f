// What a program of a bundle is started inside of where its grant says `sandbox` (DESIGN.md §4 "`exec`", §7 "Grant"): it reads the
// system's files and changes none, has a folder for temporary files of its own, and sees neither network nor home, nor processes,
// nor anything of Signet. Only bwrap gives all of that: without it the program does not run (E_SANDBOX).
import { execFile } from 'node:child_process';
import { realpathSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { SignetError } from '../src/error.ts';
import { errnoOf, UNREACHABLE } from './files.ts';
import { isInside } from './plain-path.ts';
import { plainWithin } from './plain-text.ts';
import { findProgram } from './resolve-command.ts';

export interface ProgramSandboxOptions {
  /** Where bwrap is looked for, as PATH has it. */
  readonly path: string;
  /** Files and folders that are not there for the program, beside those that hold sockets and other people's files. */
  readonly hidden: readonly string[];
}

export interface SandboxedProgram {
  /** Absolute path of what is started, and its arguments: those of the wrapper, then the program and its own. */
  readonly program: string;
  readonly args: readonly string[];
}

interface Hidden {
  readonly path: string;
  readonly isFolder: boolean;
}

/** Where services listen and people keep things: a socket is reached through a read-only file system, too. */
const ALWAYS_HIDDEN = ['/home', '/root', '/run', '/tmp', '/var/tmp'];
const SYSTEM_PATH = '/usr/bin:/bin:/usr/sbin:/sbin';
const PROBE_MS = 10_000;

export class ProgramSandbox {
  readonly #options: ProgramSandboxOptions;
  /** Path of bwrap, once it has run something; looked for once. */
  #bwrap: Promise<string> | undefined;

  constructor(options: ProgramSandboxOptions) {
    this.#options = options;
  }

  /** The command that runs the program inside. E_SANDBOX where there is none that works here. */
  async enclose(program: string, args: readonly string[], argv0: string): Promise<SandboxedProgram> {
    this.#bwrap ??= this.#find();
    const bwrap = await this.#bwrap;
    const name = basename(argv0);
    // bwrap gives a program its path as its name: one file that serves many names gets the one that was granted.
    const started = name === basename(program) ? program : `/tmp/${name}`;
    const hidden = this.#hidden();
    const isHidden = hidden.some(({ path }) => isInside(program, path));
    const bind = started !== program || isHidden ? ['--ro-bind', program, started] : [];
    return { program: bwrap, args: [...optionsFor(hidden), ...bind, '--', started, ...args] };
  }

  async #find(): Promise<string> {
    if (process.platform !== 'linux') throw unavailable('this is not Linux');
    const bwrap = findProgram('bwrap', this.#options.path);
    if (bwrap === undefined) throw unavailable('bwrap is not installed');
    const harmless = findProgram('true', SYSTEM_PATH);
    if (harmless === undefined) throw unavailable('there is no program to try it with');
    const failure = await tried([bwrap, ...optionsFor(this.#hidden()), '--', harmless]);
    if (failure !== undefined) throw unavailable(failure);
    return bwrap;
  }

  /** What there is of it, by real path, without what lies inside another one. */
  #hidden(): Hidden[] {
    const found = [...ALWAYS_HIDDEN, ...this.#options.hidden].flatMap((path) => existing(path) ?? []);
    const folders = found.filter(({ path, isFolder }) => isFolder && path !== '/');
    return found.filter(
      ({ path }, index) =>
        path !== '/' &&
        !folders.some((other) => other.path !== path && isInside(path, other.path)) &&
        found.findIndex((other) => other.path === path) === index,
    );
  }
}

function optionsFor(hidden: readonly Hidden[]): string[] {
  return [
    // No session of its own: it is in a new one already, and its group is what is killed.
    ...['--unshare-all', '--die-with-parent', '--cap-drop', 'ALL'],
    ...['--ro-bind', '/', '/', '--dev', '/dev', '--proc', '/proc'],
    ...hidden.flatMap(({ path, isFolder }) =>
      isFolder ? ['--tmpfs', path] : ['--ro-bind', '/dev/null', path],
    ),
    ...['--chdir', '/'],
  ];
}

function existing(path: string): Hidden | undefined {
  try {
    const real = realpathSync(path);
    return { path: real, isFolder: statSync(real).isDirectory() };
  } catch (error) {
    if (UNREACHABLE.has(errnoOf(error))) return undefined;
    throw error;
  }
}

/** Undefined: it works. Otherwise why not, in few words. */
function tried([program = '', ...args]: readonly string[]): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  execFile(program, args, { env: {}, cwd: '/', timeout: PROBE_MS }, (error, _, stderr) => {
    resolve(error === null ? undefined : plainWithin(stderr.trim().split('\n')[0] || error.message, 160));
  });
  return promise;
}

function unavailable(why: string): SignetError {
  return new SignetError('E_SANDBOX', `a grant asks for a sandbox, and there is none here: ${why}`, {
    expected: 'bwrap, and user namespaces or root',
    actual: why,
    fix: 'Install bubblewrap and allow user namespaces, or grant the program anew without --sandbox.',
  });
}
