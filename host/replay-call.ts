// Running one recorded call again (DESIGN.md §4 "Record and replay"): found in the journal, which proves its record; with the code of
// the very digest that ran then, from the store. What ran once may be looked at again, also where it was revoked since: nothing that
// it asks for is done.
import { sha256 } from '../keys/hash.ts';
import { readArchive } from '../registry/archive.ts';
import { Store } from '../registry/store.ts';
import { MAIN_PATH } from '../src/contracts/manifest.ts';
import { digestOf } from '../src/digest.ts';
import { SignetError } from '../src/error.ts';
import { type LoggedCall, readCalls, recordOf } from './call-log.ts';
import type { ProjectPaths } from './paths.ts';
import { plain } from './plain-text.ts';
import { RecordFolder } from './record-folder.ts';
import type { RecordedGeneration } from './record-format.ts';
import { parseDrained, RECORD } from './records.ts';
import { type ReplayReport, replayGeneration } from './replay.ts';

export interface CallReplay extends ReplayReport {
  readonly call: LoggedCall;
  readonly generation: string;
}

/**
 * Runs a call again, with everything that its isolate had done before. E_NOT_FOUND where the journal has no such call; E_RECORD and
 * E_RECORD_REDACTED where it cannot be run again; E_RECORD also where the record is not the one that the journal proves.
 */
export async function replayCall(paths: ProjectPaths, callId: string): Promise<CallReplay> {
  const [call] = readCalls(paths, { callId });
  if (call === undefined)
    throw new SignetError('E_NOT_FOUND', `the journal has no call ${plain(callId)}`, {
      item: callId,
      fix: 'signet calls',
    });
  const { place } = recordOf(call);
  if (place === undefined) {
    const why = call.end === undefined ? 'it has no end in the journal' : 'it was not recorded';
    throw new SignetError('E_RECORD', `call ${callId} cannot be run again: ${why}`, { item: callId });
  }
  const record = new RecordFolder(paths.records).read(place.generation);
  requireProved(record, call, place.batch, place.chain);
  const report = await replayGeneration(record, codeOf(paths, call.start.bundle), place.batch);
  return { ...report, call, generation: place.generation };
}

/** The journal's chain binds head and batches; its hash of the output binds what the caller was given. */
function requireProved(record: RecordedGeneration, call: LoggedCall, at: number, chain: string): void {
  const why = whyUnproved(record, call, at, chain);
  if (why === undefined) return;
  throw new SignetError('E_RECORD', `the record is not the one that the journal proves: ${why}`, {
    item: record.head.id,
  });
}

function whyUnproved(
  { head, batches }: RecordedGeneration,
  { start, end }: LoggedCall,
  at: number,
  chain: string,
): string | undefined {
  const batch = batches[at];
  if (batch === undefined) return 'it breaks off before the call ends';
  if (batch.chain !== chain) return 'its chain is another';
  if (head.bundle.digest !== start.bundle) return 'it is of another bundle';
  const outputHash = end?.outputHash ?? undefined;
  if (outputHash === undefined || !('drained' in batch)) return undefined;
  const result = parseDrained(batch.drained).find(
    ({ kind, id }) => kind === RECORD.result && isOf(id, start.callId),
  );
  return result !== undefined && digestOf(sha256, result.body) === outputHash
    ? undefined
    : 'its output is another';
}

/** A second attempt has the id of its call and its number. */
const isOf = (id: string, callId: string): boolean => id === callId || id.startsWith(`${callId}_`);

function codeOf(paths: ProjectPaths, digest: string): string {
  const { archive } = new Store(paths.store).read(digest);
  const main = readArchive(archive).get(MAIN_PATH);
  return main === undefined ? '' : new TextDecoder('utf-8', { fatal: true }).decode(main.bytes);
}
