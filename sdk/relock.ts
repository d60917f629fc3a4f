// `npm run relock`: pins what the first-party bundles build to now. The diff of the lock file is what a reviewer reads.
import { relockFirstParty } from './first-party.ts';

for (const { name, version, digest } of (await relockFirstParty()).bundles)
  process.stdout.write(`${name} ${version} ${digest}\n`);
