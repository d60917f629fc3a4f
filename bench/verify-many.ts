// `verify-1000`: everything that is installed verified again, as at a start, beside reading and hashing the same files.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { sha256 } from '../keys/hash.ts';
import { archiveDigest } from '../registry/archive.ts';
import { writeLockfile } from '../registry/lockfile.ts';
import { verifyAll } from '../registry/subject.ts';
import { examineRelease } from '../registry/verify.ts';
import type { LockedBundle } from '../src/contracts/config.ts';
import { median } from './measure.ts';
import { benchRegistry } from './release.ts';
import type { Row } from './run.ts';

const BUNDLES = 1_000;
const BYTES = 1_000_000;
const ROUNDS = 3;
const AIM = 1.5;

export async function verifyMany(folder: string): Promise<Row[]> {
  const { project, names, fetch } = benchRegistry(folder, BUNDLES, BYTES);
  const trust = { ...project.trustState('install'), verifiers: 'one' } as const;
  const installed: LockedBundle[] = [];
  const files: string[] = [];
  for (const name of names) {
    const { archive, proof } = fetch(name);
    const { verdict, verified } = examineRelease(archive, proof, trust, Date.now(), { name });
    if (verified === undefined) throw new Error(`not verified: ${JSON.stringify(verdict)}`);
    // As `install` leaves it, without a flush to disk for each of thousands of files.
    const at = project.store.path(archiveDigest(archive));
    for (const [path, { bytes }] of verified.files) {
      const file = join(at, 'files', path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, bytes, { mode: 0o644 });
      files.push(file);
    }
    writeFileSync(join(at, 'proof.json'), proof);
    installed.push(verified.locked);
  }
  writeLockfile(project.lockfile, installed);
  if (readdirSync(join(project.store.directory, 'sha256')).length !== BUNDLES)
    throw new Error('not all are there');
  const ones: number[] = [];
  const others: number[] = [];
  const hashes: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    let start = performance.now();
    let hashing = 0;
    for (const file of files) {
      const bytes = readFileSync(file);
      const before = performance.now();
      sha256(bytes);
      hashing += performance.now() - before;
    }
    others.push(performance.now() - start);
    hashes.push(hashing);
    start = performance.now();
    const verdicts = verifyAll(project);
    ones.push(performance.now() - start);
    const bad = verdicts.find(({ ok }) => !ok);
    if (bad !== undefined || verdicts.length !== BUNDLES)
      throw new Error(`not verified: ${JSON.stringify(bad)}`);
  }
  const ratio = median(ones.map((took, i) => took / (others[i] ?? Number.NaN)));
  return [
    {
      id: 'verify-1000',
      what: `1,000 installed bundles of 1 MB verified again; floor: reading and hashing them (hashing alone ${median(hashes).toFixed(0)} ms)`,
      unit: 'ms',
      signet: median(ones),
      floor: median(others),
      ratio,
      aim: `<= ${AIM}`,
      met: ratio <= AIM,
    },
  ];
}
