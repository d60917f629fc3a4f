// `npm run bench [-- --json FILE]`: each aim of Signet beside its floor, taken in the same run, as ratios. Absolute figures drift
// from machine to machine; the ratio is what counts.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { coldStart } from './cold-start.ts';
import { dispatchInline } from './dispatch-inline.ts';
import { dispatchWorker } from './dispatch-worker.ts';
import { memoryBundle } from './memory-bundle.ts';
import { recover } from './recover.ts';
import { throughputWorker } from './throughput-worker.ts';
import { verifyCommand } from './verify-command.ts';
import { verifyMany } from './verify-many.ts';
import { verifyProcess } from './verify-process.ts';

export interface Row {
  readonly id: string;
  readonly what: string;
  readonly unit: string;
  readonly signet: number;
  readonly floor: number;
  readonly ratio: number;
  readonly aim: string;
  readonly met: boolean;
}

const { values } = parseArgs({ options: { json: { type: 'string' } } });
const folder = mkdtempSync(join(tmpdir(), 'signet-bench-'));
process.env['SIGNET_CONFIG_DIR'] = join(folder, 'config');
const rows: Row[] = [];
try {
  for (const measure of [
    dispatchInline,
    dispatchWorker,
    throughputWorker,
    coldStart,
    memoryBundle,
    recover,
    verifyProcess,
    verifyCommand,
    verifyMany,
  ]) {
    const project = join(folder, measure.name);
    mkdirSync(project);
    for (const row of await measure(project)) {
      rows.push(row);
      const line = [
        row.id.padEnd(16),
        `${row.signet.toFixed(1)} ${row.unit}`.padStart(12),
        `floor ${row.floor.toFixed(1)}`.padStart(14),
        `ratio ${row.ratio.toFixed(2)}`.padStart(11),
        row.met ? 'met   ' : 'MISSED',
        `aim ${row.aim}`,
        row.what,
      ];
      process.stdout.write(`${line.join('  ')}\n`);
    }
  }
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(rows, null, 2)}\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
