// Running the bins as a person does: whole processes, in a project of their own.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Shell {
  /** The project folder. */
  readonly folder: string;
  /** Runs `registry …` or `signet …` to its end. */
  run(
    bin: 'registry' | 'signet',
    args: readonly string[],
    options?: { input?: string; env?: Record<string, string> },
  ): Outcome;
  /** The same without waiting for it. */
  start(bin: 'registry' | 'signet', args: readonly string[]): Promise<Outcome>;
  /** Starts `signet up` and waits for its ready line. */
  up(): Promise<{
    readonly ready: string;
    readonly child: ChildProcess;
    stop(signal?: NodeJS.Signals): Promise<Outcome>;
  }>;
  remove(): void;
}

const BIN = fileURLToPath(new URL('../../sdk/bin/', import.meta.url));

/** A shell in an empty project; `bin` is where the two launchers are. */
export function openShell(bin = BIN): Shell {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'signet-e2e-')));
  const folder = join(root, 'project');
  mkdirSync(folder);
  const env = { ...process.env, SIGNET_CONFIG_DIR: join(root, 'config'), NO_COLOR: '1' };
  return {
    folder,
    run(name, args, options = {}) {
      const result = spawnSync(process.execPath, [join(bin, `${name}.js`), ...args], {
        cwd: folder,
        env: { ...env, ...options.env },
        encoding: 'utf8',
        timeout: 60_000,
        ...(options.input === undefined ? {} : { input: options.input }),
      });
      return { code: result.status, stdout: result.stdout, stderr: result.stderr };
    },
    start: (name, args) =>
      new Promise((done) => {
        const child = spawn(process.execPath, [join(bin, `${name}.js`), ...args], {
          cwd: folder,
          env,
          stdio: ['ignore', 'pipe', 'pipe'],
        });
        const [out, err] = [child.stdout, child.stderr].map((stream) => {
          const chunks: string[] = [];
          stream.setEncoding('utf8').on('data', (text: string) => chunks.push(text));
          return chunks;
        });
        child.on('close', (code) => done({ code, stdout: out?.join('') ?? '', stderr: err?.join('') ?? '' }));
      }),
    async up() {
      const child = spawn(process.execPath, [join(bin, 'signet.js'), 'up'], {
        cwd: folder,
        env,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let stdout = '';
      let stderr = '';
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        stderr += text;
      });
      const ended = new Promise<Outcome>((done) => {
        child.on('close', (code) => done({ code, stdout, stderr }));
      });
      const ready = await new Promise<string>((done, refuse) => {
        child.stdout.setEncoding('utf8').on('data', (text: string) => {
          stdout += text;
          const line = stdout.split('\n').find((one) => one.startsWith('signet ready'));
          if (line !== undefined) done(line);
        });
        child.on('close', () => refuse(new Error(`signet up ended: ${stderr}`)));
      });
      return {
        ready,
        child,
        stop: (signal = 'SIGTERM') => {
          child.kill(signal);
          return ended;
        },
      };
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}
