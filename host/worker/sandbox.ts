// What a worker's process is started inside of (DESIGN.md §4 "on Linux also inside `bwrap` or `unshare`", FLOORS.md "Proved for
// the worker"): the first wrapper that really runs a worker's engine here, tried once a process.
import { execFile } from 'node:child_process';
import { SignetError } from '../../src/error.ts';
import { addonPath } from '../isolate/isolate.ts';
import { plainWithin } from '../plain-text.ts';
import { findProgram } from '../resolve-command.ts';

/** What a wrapper puts between a worker and the machine. */
export type Barrier =
  /** No network but a loopback of its own. */
  | 'network'
  /** It sees and signals no process but its own. */
  | 'processes'
  /** It sees no file but its engine's, and changes none. */
  | 'files'
  /** The kernel ends it with the host. */
  | 'end';

/** `auto`: the best that works. `required`: namespaces, or no worker. `off`: no namespaces. */
export type SandboxMode = 'auto' | 'required' | 'off';

export interface Sandbox {
  readonly name: string;
  readonly barriers: ReadonlySet<Barrier>;
  /** Program and arguments that stand in front of the engine's own; empty: nothing does. */
  readonly command: readonly string[];
  /** Why the wrappers before this one were passed over, by their names. */
  readonly refused: ReadonlyMap<string, string>;
}

interface Wrapper {
  readonly name: string;
  readonly barriers: readonly Barrier[];
  readonly programs: readonly string[];
  /** `paths` are those of the programs, in their order. */
  command(paths: readonly string[]): string[];
}

const DIES_WITH_HOST = ['--pdeathsig', 'KILL', '--'];
const NO_PRIVILEGES = ['--no-new-privs', '--inh-caps=-all', '--bounding-set=-all', '--'];

/** The best first. */
const WRAPPERS: readonly Wrapper[] = [
  {
    name: 'bwrap',
    barriers: ['network', 'processes', 'files', 'end'],
    programs: ['bwrap'],
    command: (paths) => [
      ...paths,
      // No session of its own: it is in a new one already, and its group is what is killed.
      ...['--unshare-all', '--die-with-parent', '--cap-drop', 'ALL'],
      ...engineFiles().flatMap((file) => ['--ro-bind', file, file]),
      ...['--ro-bind-try', '/etc/ld.so.cache', '/etc/ld.so.cache'],
      ...['--remount-ro', '/', '--chdir', '/', '--'],
    ],
  },
  {
    name: 'unshare',
    barriers: ['network', 'processes', 'end'],
    programs: ['setpriv', 'unshare', 'setpriv'],
    command: ([outer = '', unshare = '', inner = '']) => [
      ...[outer, ...DIES_WITH_HOST],
      ...[unshare, '--user', '--map-root-user', '--net', '--ipc', '--uts', '--mount', '--pid'],
      ...['--fork', '--kill-child', '--mount-proc', '--'],
      ...[inner, ...NO_PRIVILEGES],
    ],
  },
  {
    name: 'setpriv',
    barriers: ['end'],
    programs: ['setpriv'],
    command: (paths) => [...paths, ...DIES_WITH_HOST],
  },
];

/** Every file that the engine of a worker opens: itself, its native module, their libraries. */
function engineFiles(): string[] {
  const report = process.report as typeof process.report & { excludeNetwork: boolean };
  const { excludeNetwork } = report;
  // The network part asks name servers.
  report.excludeNetwork = true;
  const { sharedObjects } = report.getReport() as unknown as { sharedObjects: string[] };
  report.excludeNetwork = excludeNetwork;
  return [process.execPath, addonPath(), ...sharedObjects.filter((path) => path.startsWith('/'))];
}

const PROBE_MS = 10_000;
/** Loads what a worker loads: what works for this works for a worker. */
const PROBE = ['--eval', "process.dlopen({exports:{}},process.argv[1]);console.log('up')", '--'];

/** Undefined: it works. Otherwise why not, in few words. */
async function probe(command: readonly string[]): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const [program = '', ...args] = [...command, process.execPath, ...PROBE, addonPath()];
  execFile(program, args, { env: {}, cwd: '/', timeout: PROBE_MS }, (error, stdout, stderr) => {
    if (error === null && stdout === 'up\n') resolve(undefined);
    else resolve(plainWithin(stderr.trim().split('\n')[0] || (error?.message ?? 'it ran nothing'), 160));
  });
  return promise;
}

/** What of the wrappers works on this machine; each is tried once. */
export class Sandboxes {
  readonly #path: string;
  readonly #tried = new Map<Wrapper, Promise<string[] | string>>();

  /** `path`: where the wrappers' programs are looked for, as PATH has it. */
  constructor(path: string) {
    this.#path = path;
  }

  /** What workers are started inside of. E_SANDBOX where the mode requires namespaces and none can be had here. */
  async find(mode: SandboxMode): Promise<Sandbox> {
    const refused = new Map<string, string>();
    for (const wrapper of WRAPPERS) {
      const { name, barriers } = wrapper;
      const separates = barriers.includes('processes');
      if (mode === 'required' && !separates) break;
      const found = mode === 'off' && separates ? 'the policy says sandbox: off' : await this.#try(wrapper);
      if (typeof found !== 'string') return { name, barriers: new Set(barriers), command: found, refused };
      refused.set(name, found);
    }
    if (mode !== 'required') return { name: 'none', barriers: new Set(), command: [], refused };
    throw new SignetError(
      'E_SANDBOX',
      'the policy requires namespaces for workers, and there are none here',
      {
        expected: 'bwrap or unshare',
        actual: [...refused].map(([name, why]) => `${name}: ${why}`).join('; '),
        fix: 'Install bubblewrap, allow user namespaces, or say `host: { sandbox: auto }` in policy.yaml.',
      },
    );
  }

  #try(wrapper: Wrapper): Promise<string[] | string> {
    const trying = this.#tried.get(wrapper) ?? this.#commandOf(wrapper);
    this.#tried.set(wrapper, trying);
    return trying;
  }

  /** The wrapper's command, or why it cannot be used here. */
  async #commandOf({ programs, command }: Wrapper): Promise<string[] | string> {
    if (process.platform !== 'linux') return 'this is not Linux';
    const paths = programs.map((name) => findProgram(name, this.#path));
    const missing = programs[paths.indexOf(undefined)];
    if (missing !== undefined) return `${missing} is not installed`;
    const made = command(paths as string[]);
    return (await probe(made)) ?? made;
  }
}
