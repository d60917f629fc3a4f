// `verify-command`: `registry verify FILE` as a whole process, under a root given by hand, beside `node -e 0`.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { formatExport } from '../registry/export.ts';
import { median } from './measure.ts';
import { benchRegistry } from './release.ts';
import type { Row } from './run.ts';

const BYTES = 100_000;
const ROUNDS = 15;
const AIM = 2.5;
const BIN = fileURLToPath(new URL('../sdk/bin/registry.js', import.meta.url));

export async function verifyCommand(folder: string): Promise<Row[]> {
  const { names, fetch, fingerprint } = benchRegistry(folder, 1, BYTES);
  const file = join(folder, 'bench.signet');
  writeFileSync(file, formatExport(fetch(names[0] ?? '')));
  const env = { ...process.env, SIGNET_CACHE_DIR: join(folder, 'cache') };
  const time = (...args: string[]): number => {
    const start = performance.now();
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { env, encoding: 'utf8' });
    const took = performance.now() - start;
    if (status !== 0) throw new Error(`exit ${status}: ${stdout}${stderr}`);
    return took;
  };
  const verify = () => time(BIN, 'verify', file, '--offline', '--fingerprint', fingerprint);
  for (let i = 0; i < 3; i++) verify();
  const ones: number[] = [];
  const others: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    others.push(time('-e', '0'));
    ones.push(verify());
  }
  const ratio = median(ones.map((took, i) => took / (others[i] ?? Number.NaN)));
  return [
    {
      id: 'verify-command',
      what: 'registry verify FILE as a command, wall, from the sources',
      unit: 'ms',
      signet: median(ones),
      floor: median(others),
      ratio,
      aim: `<= ${AIM}`,
      met: ratio <= AIM,
    },
  ];
}
