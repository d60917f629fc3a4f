// `signet replay CALL`: runs a recorded call again, with no effect, and compares byte for byte (DESIGN.md §4 "Record and replay").
// Exit 0: the same; 1: something else; 3: it cannot be run again; 5: something else, on another engine.
import { projectPaths } from '../../../host/paths.ts';
import type { DrainedRecord } from '../../../host/records.ts';
import { type CallReplay, replayCall } from '../../../host/replay-call.ts';
import { directoryOf, type Run } from '../command.ts';
import { escaped } from '../escaped.ts';
import { describe } from './calls.ts';

const KIND = { 2: 'output', 3: 'error', 4: 'effect' } as const;

export const run: Run = async (invocation) => {
  const { json, output, positionals } = invocation;
  const [callId = ''] = positionals;
  const replay = await replayCall(projectPaths(directoryOf(invocation)), callId);
  const { identical, engine, batches, ending, divergence, generation } = replay;
  if (json) {
    const report = {
      identical,
      batches,
      ending: ending ?? null,
      divergence: divergence ?? null,
      engine,
      generation,
    };
    output.result(
      `${JSON.stringify({ schema: 'replay/1', ok: identical, call: describe(replay.call), ...report })}\n`,
    );
  } else output.result(format(replay));
  if (identical) return 0;
  return engine.same ? 1 : 5;
};

function format(replay: CallReplay): string {
  const { call, identical, batches, engine, ending } = replay;
  const name = escaped`${call.start.callId}  ${call.start.kind}/${call.start.name}  ${call.bundleName ?? call.start.bundle}@${call.start.version}`;
  const where = engine.same ? '' : `  engine differs: ${difference(replay)}\n`;
  const end = ending === undefined ? '' : `  it ended then by ${ending}, which is told, not run again\n`;
  if (identical)
    return `identical  ${name}  ${batches} batches, byte for byte; nothing was done\n${where}${end}`;
  const { batch, recorded, replayed } = replay.divergence ?? {
    batch: 0,
    recorded: undefined,
    replayed: undefined,
  };
  return `different  ${name}\n${where}  first in batch ${batch}:\n    then ${side(recorded)}\n    now  ${side(replayed)}\n`;
}

function difference({ engine: { recorded, here } }: CallReplay): string {
  const names = Object.keys(recorded) as (keyof typeof recorded)[];
  return names
    .filter((name) => recorded[name] !== here[name])
    .map((name) => escaped`${name} ${recorded[name]} then, ${here[name]} now`)
    .join('; ');
}

/** One side of a difference, cut: what a bundle said is text of a stranger. */
function side(record: DrainedRecord | undefined): string {
  if (record === undefined) return 'nothing more';
  const { kind, id, name, body } = record;
  return escaped`${KIND[kind]} ${id} ${name === '-' ? '' : `${name} `}${body.slice(0, 2_000)}`;
}
