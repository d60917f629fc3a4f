// `verify-command`: `registry verify FILE` as a whole process, under a root given by hand, beside `node -e 0`. What is measured is the
// npm package as a user has it, packed and unpacked by npm; beside it the same with a cache of compiled code, and from the sources.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { formatExport } from '../registry/export.ts';
import { median } from './measure.ts';
import { benchRegistry } from './release.ts';
import type { Row } from './run.ts';

const BYTES = 100_000;
const ROUNDS = 15;
const AIM = 2.5;
const CLONE = fileURLToPath(new URL('../', import.meta.url));

export async function verifyCommand(folder: string): Promise<Row[]> {
  const { names, fetch, fingerprint } = benchRegistry(folder, 1, BYTES);
  const file = join(folder, 'bench.signet');
  writeFileSync(file, formatExport(fetch(names[0] ?? '')));
  const packed = unpack(folder);
  const ways = [
    { id: 'verify-command', what: 'the npm package', home: packed, cache: '' },
    {
      id: 'verify-command-cached',
      what: 'with SIGNET_CACHE_DIR',
      home: packed,
      cache: join(folder, 'cache'),
    },
    { id: 'verify-command-clone', what: 'from the sources', home: CLONE, cache: '' },
  ];
  const time = (args: string[], cache = ''): number => {
    const env = { ...process.env, SIGNET_CACHE_DIR: cache };
    const start = performance.now();
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { env, encoding: 'utf8' });
    const took = performance.now() - start;
    if (status !== 0) throw new Error(`exit ${status}: ${stdout}${stderr}`);
    return took;
  };
  const floors: number[] = [];
  const taken = ways.map((): number[] => []);
  for (let round = -3; round < ROUNDS; round++) {
    const floor = time(['-e', '0']);
    if (round >= 0) floors.push(floor);
    for (const [i, { home, cache }] of ways.entries()) {
      const bin = join(home, 'sdk', 'bin', 'registry.js');
      const took = time([bin, 'verify', file, '--offline', '--fingerprint', fingerprint], cache);
      if (round >= 0) taken[i]?.push(took);
    }
  }
  return ways.map(({ id, what }, way) => {
    const ratio = median((taken[way] ?? []).map((took, i) => took / (floors[i] ?? Number.NaN)));
    return {
      id,
      what: `registry verify FILE as a command, wall, ${what}`,
      unit: 'ms',
      signet: median(taken[way] ?? []),
      floor: median(floors),
      ratio,
      aim: `<= ${AIM}`,
      met: ratio <= AIM,
    };
  });
}

/** The package as npm packs it, unpacked, with this clone's dependencies beside it. */
function unpack(folder: string): string {
  const npm = ['pack', '--json', '--pack-destination', folder, '--loglevel=error'];
  const [{ filename }] = JSON.parse(execFileSync('npm', npm, { cwd: CLONE, encoding: 'utf8' })) as [
    { filename: string },
  ];
  const home = join(folder, 'home');
  mkdirSync(home);
  execFileSync('tar', ['-xzf', join(folder, filename), '-C', home]);
  symlinkSync(join(CLONE, 'node_modules'), join(home, 'node_modules'));
  return join(home, 'package');
}
