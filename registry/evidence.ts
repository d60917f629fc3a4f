// What was kept of registries that contradicted themselves (DESIGN.md §3 "Log"; THREATS.md 12): two checkpoints signed by one log, which
// cannot both be true. Shown whole, so that it can be handed to others, who need nothing but the root to see it for themselves.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseDocument } from '../keys/document.ts';
import { readRegularFile } from '../keys/safe-file.ts';
import { Evidence } from '../src/contracts/trust.ts';
import { SignetError } from '../src/error.ts';

const MAX_EVIDENCE = 1024 * 1024;

export interface KeptEvidence extends Evidence {
  readonly file: string;
}

/** The evidence below a trust folder, by the names of its files; none where there is no folder. Damage: E_TRUST_STATE. */
export function readEvidence(trustDirectory: string): KeptEvidence[] {
  const folder = join(trustDirectory, 'evidence');
  return namesIn(folder).map((name) => {
    const file = join(folder, name);
    const bytes = readRegularFile(file, MAX_EVIDENCE)?.bytes ?? new Uint8Array();
    try {
      return { ...parseDocument(Evidence, bytes, 'equivocation/1', file), file };
    } catch (cause) {
      if (cause instanceof SignetError && cause.code === 'E_FORMAT_VERSION') throw cause;
      throw new SignetError('E_TRUST_STATE', `${file} is damaged`, { item: file, cause });
    }
  });
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith('.json'))
      .sort();
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new SignetError('E_IO', `${folder} cannot be read`, { item: folder, cause });
  }
}
