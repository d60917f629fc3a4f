// Runs one program for a bundle (DESIGN.md §4 "`exec`"): no shell, no inherited environment, no descriptors but its own
// three, in a process group that is killed as a whole when the time is up, the call ends, or the output is too much.
// What moves itself into another session escapes the group; nothing it prints is waited for beyond the time limit.
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { userInfo } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import { SignetError } from '../src/error.ts';
import { errnoOf } from './files.ts';
import { withoutInherited } from './inherited-descriptors.ts';
import { killGroup } from './kill-group.ts';
import { EXEC_PRINCIPAL, PRINCIPAL_VARIABLE } from './operator.ts';
import { plain } from './plain-text.ts';

const MAX_OUTPUT_BYTES = 4 * 1024 * 1024;

export interface ProgramRun {
  /** Absolute path. */
  readonly program: string;
  readonly args: readonly string[];
  /** What the program sees as its own name. */
  readonly argv0: string;
  /** Without it, standard input is empty. */
  readonly stdin: string | undefined;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export interface ProgramResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs the program to its end; any exit code is a result. E_EXEC: not started, ended by a signal, not ended in time, or the
 * call ended first. E_LIMIT: more than 4 MiB on one of its outputs. Bytes that are not UTF-8 come back as U+FFFD.
 */
export async function runProgram(run: ProgramRun): Promise<ProgramResult> {
  const item = plain(run.program);
  const fail = (why: string, cause?: unknown): SignetError =>
    new SignetError('E_EXEC', `${item} ${why}`, { item, cause });
  const { promise, resolve, reject } = Promise.withResolvers<ProgramResult>();
  let child: ChildProcessByStdio<Writable | null, Readable, Readable>;
  try {
    child = start(run);
  } catch (cause) {
    // Arguments that no process can be given: too long together, or with a NUL character.
    throw fail(`could not be started: ${errnoOf(cause) ?? 'unknown'}`, cause);
  }

  let failure: SignetError | undefined;
  let ended = false;
  const stop = (error: SignetError): void => {
    failure ??= error;
    // Once it has ended, its group is gone and the number may be someone else's.
    if (!ended) killGroup(child.pid);
    // A process that left the group may hold them open for ever.
    child.stdout.destroy();
    child.stderr.destroy();
  };

  const timer = setTimeout(
    () => stop(fail(`did not end within ${run.timeoutMs} ms and was killed`)),
    run.timeoutMs,
  );
  const onAbort = (): void => stop(fail('was killed because its call ended'));
  run.signal.addEventListener('abort', onAbort, { once: true });
  const outputs = [child.stdout, child.stderr].map((stream, index) =>
    collect(stream, () => stop(tooMuch(item, index === 0 ? 'standard output' : 'standard error'))),
  );
  // EPIPE: the program ended, or closed its input, without reading it all; its exit code says what that means.
  child.stdin?.on('error', (error) => {
    if (errnoOf(error) !== 'EPIPE' && errnoOf(error) !== 'ECONNRESET')
      stop(fail('could not be given its input', error));
  });
  child.stdin?.end(run.stdin);

  child.once('error', (cause) => {
    failure ??= fail(`could not be started: ${errnoOf(cause) ?? 'unknown'}`, cause);
  });
  // What it left running in the background ends with it: nothing acts outside a call (THREATS.md H17).
  child.once('exit', () => {
    ended = true;
    killGroup(child.pid);
  });
  child.once('close', (exitCode, signal) => {
    clearTimeout(timer);
    run.signal.removeEventListener('abort', onAbort);
    const [stdout = '', stderr = ''] = outputs.map((read) => read());
    if (failure !== undefined) reject(failure);
    else if (exitCode === null) reject(fail(`was ended by ${signal ?? 'a signal'}`));
    else resolve({ exitCode, stdout, stderr });
  });
  if (run.signal.aborted) onAbort();
  return promise;
}

function start(run: ProgramRun): ChildProcessByStdio<Writable | null, Readable, Readable> {
  const child = withoutInherited((rest) =>
    spawn(run.program, run.args, {
      argv0: run.argv0,
      cwd: '/',
      env: cleanEnvironment(),
      shell: false,
      detached: true,
      stdio: [run.stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe', ...rest],
    }),
  );
  return child as ChildProcessByStdio<Writable | null, Readable, Readable>;
}

/** What every program gets, whatever the host's own environment holds. */
function cleanEnvironment(): Record<string, string> {
  const { home, user } = account();
  const zone = process.env['TZ'];
  return {
    PATH: '/usr/bin:/bin',
    HOME: home,
    USER: user,
    LOGNAME: user,
    LANG: 'C',
    LC_ALL: 'C',
    [PRINCIPAL_VARIABLE]: EXEC_PRINCIPAL,
    ...(zone === undefined ? {} : { TZ: zone }),
  };
}

/** Home and name of the user that runs the host; one without an entry in the user database has `/` and its number. */
function account(): { home: string; user: string } {
  try {
    const { homedir, username } = userInfo();
    return { home: homedir, user: username };
  } catch (error) {
    if (errnoOf(error) !== 'ERR_SYSTEM_ERROR') throw error;
    return { home: '/', user: String(process.geteuid?.() ?? '') };
  }
}

function collect(stream: Readable, overflow: () => void): () => string {
  const chunks: Buffer[] = [];
  let size = 0;
  stream.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > MAX_OUTPUT_BYTES) overflow();
    else chunks.push(chunk);
  });
  return () => Buffer.concat(chunks).toString('utf8');
}

function tooMuch(item: string, what: string): SignetError {
  return new SignetError('E_LIMIT', `${item} wrote too much to ${what} and was killed`, {
    item,
    expected: `at most ${MAX_OUTPUT_BYTES} bytes`,
    fix: 'Have it print less.',
  });
}
