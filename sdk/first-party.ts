// The first-party bundles: built from `skills/` in a clone, carried as archives in the npm package; in both their digests
// must be the pinned ones (DESIGN.md §3 "Local root", §7).
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createEvaluator } from '../host/evaluate.ts';
import { readRegularFile } from '../keys/safe-file.ts';
import { archiveDigest } from '../registry/archive.ts';
import { buildBundle } from '../registry/build.ts';
import { firstPartyLockFile, readFirstPartyLock, skillsFolder } from '../registry/first-party.ts';
import { ARCHIVE_LIMITS } from '../registry/preflight.ts';
import { fullName } from '../src/contracts/manifest.ts';
import type { FirstPartyLock } from '../src/contracts/trust.ts';
import { SignetError } from '../src/error.ts';

export interface FirstPartyArchive {
  readonly name: string;
  readonly version: string;
  readonly digest: string;
  readonly archive: Uint8Array;
  /** The source folder, where it was built here; undefined where the package carried it. */
  readonly source?: string;
}

/**
 * Every pinned bundle with the bytes that have its digest. A source that builds to other bytes than those pinned is refused
 * with E_FIRST_PARTY, which names the command that pins anew.
 */
export async function loadFirstParty(folder = skillsFolder()): Promise<FirstPartyArchive[]> {
  const { bundles } = readFirstPartyLock(folder);
  const built = isSource(folder)
    ? await buildAll(folder)
    : bundles.map((bundle) => readCarried(folder, bundle));
  for (const { name, version, digest } of bundles) {
    const actual = built.find((bundle) => bundle.name === name && bundle.version === version)?.digest;
    if (actual === digest) continue;
    throw new SignetError(
      'E_FIRST_PARTY',
      `${name} ${version} is not the first-party bundle that is pinned`,
      {
        item: name,
        expected: digest,
        actual: actual ?? 'no such bundle',
        fix: 'npm run relock (after reading what changed in skills/)',
      },
    );
  }
  const stranger = built.find(({ name }) => !bundles.some((bundle) => bundle.name === name));
  if (stranger === undefined) return built;
  throw new SignetError('E_FIRST_PARTY', `${stranger.name} is in skills/ but is not pinned`, {
    item: stranger.name,
    fix: 'npm run relock',
  });
}

/** Builds everything in `skills/` and pins what came out. */
export async function relockFirstParty(folder = skillsFolder()): Promise<FirstPartyLock> {
  const built = await buildAll(folder);
  const lock: FirstPartyLock = {
    type: 'first-party/1',
    bundles: built.map(({ name, version, digest }) => ({ name, version, digest })),
  };
  writeFileSync(firstPartyLockFile(folder), `${JSON.stringify(lock, null, 2)}\n`);
  return lock;
}

const isSource = (folder: string): boolean => bundleFolders(folder).length > 0;

function bundleFolders(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory() && existsSync(join(folder, entry.name, 'plugin.json')))
    .map(({ name }) => name)
    .sort();
}

async function buildAll(folder: string): Promise<FirstPartyArchive[]> {
  const evaluator = createEvaluator();
  try {
    const built: FirstPartyArchive[] = [];
    for (const name of bundleFolders(folder)) {
      const source = join(folder, name);
      const { archive, manifest, digest } = await buildBundle({
        folder: source,
        evaluate: evaluator.evaluate,
      });
      built.push({ name: fullName(manifest), version: manifest.version, digest, archive, source });
    }
    return built;
  } finally {
    await evaluator.close();
  }
}

function readCarried(
  folder: string,
  { name, version }: FirstPartyLock['bundles'][number],
): FirstPartyArchive {
  const file = join(folder, archiveFile(name));
  const archive = readRegularFile(file, ARCHIVE_LIMITS.maxBytes)?.bytes;
  if (archive !== undefined) return { name, version, digest: archiveDigest(archive), archive };
  throw new SignetError('E_FIRST_PARTY', `the package carries no ${name} ${version}`, {
    item: name,
    expected: file,
    actual: 'no such file',
    fix: 'Install signet-host again.',
  });
}

/** The file that carries a bundle in the npm package. */
export function archiveFile(name: string): string {
  return `${name.replace('/', '-')}.tar`;
}
