// Starts a worker process: Node's permission model with the flags that FLOORS.md proved, an environment of two constants, no
// readable path, one inherited socket. The script travels as an argument: 10 ms faster than over stdin.
import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { SignetError } from '../../src/error.ts';
import { addonPath } from '../isolate/isolate.ts';
import { killGroup } from '../kill-group.ts';

/** Changing a flag changes what V8 makes: it is part of a code cache's key. */
export const WORKER_FLAGS: readonly string[] = [
  '--permission',
  '--allow-addons',
  '--no-experimental-sqlite',
  '--disable-warning=PERM0001',
  '--no-node-snapshot',
  '--input-type=commonjs',
];

export interface LaunchedWorker {
  readonly child: ChildProcess;
  readonly wire: Socket;
  /** The last of what it wrote to stdout and stderr, for diagnosis. Hostile text. */
  tail(): string;
  /** Ends all of it, whatever it is at: a wrapper that is still at its own start cannot yet end what it wraps. */
  kill(): void;
  /** Keeps this process alive until the worker is gone: for whoever waits for its end. */
  hold(): void;
}

const TAIL_CHARS = 4_096;

/**
 * Starts the worker script behind `command`, or directly where that is empty; E_WORKER_LOST where there is no room for a process.
 * The process leads a group of its own, so that a signal for the terminal's group does not reach it;
 * it ends when `wire` closes, whoever closes it. By itself it keeps no process alive: an embedder that forgets to close its host
 * ends all the same, and the worker with it.
 */
export function launchWorker(script: string, command: readonly string[] = []): LaunchedWorker {
  const engine = [process.execPath, ...WORKER_FLAGS, '--eval', script, '--', addonPath()];
  const [program = '', ...args] = [...command, ...engine];
  const child = spawn(program, args, {
    cwd: '/',
    env: { TZ: 'UTC', LC_ALL: 'C' },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    detached: true,
    windowsHide: true,
  });
  const wire = child.stdio?.[3] as Socket | undefined;
  if (wire === undefined) {
    // Out of processes or file descriptors: the event that follows says nothing more.
    child.once('error', () => undefined);
    throw new SignetError('E_WORKER_LOST', 'a worker process cannot be started');
  }
  let tail = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      tail = (tail + text).slice(-TAIL_CHARS);
    });
  }
  // The pipes of a child are sockets, which its types do not say.
  const handles = [child, wire, child.stdout as Socket | null, child.stderr as Socket | null];
  for (const handle of handles) handle?.unref();
  const hold = (): void => {
    for (const handle of handles) handle?.ref();
  };
  let ended = false;
  const kill = (): void => {
    // Once it has ended, its group is gone and the number may be someone else's.
    if (!ended) killGroup(child.pid);
  };
  child.once('exit', () => {
    // What a wrapper leaves that was ended alone.
    kill();
    ended = true;
  });
  return { child, wire, tail: () => tail, kill, hold };
}
