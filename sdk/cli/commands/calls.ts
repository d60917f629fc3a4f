// `signet calls`: what ran, read from the journal beside a running host (DESIGN.md §4 "Journal").
import { type CallFilter, type LoggedCall, readCalls, recordOf } from '../../../host/call-log.ts';
import { projectPaths } from '../../../host/paths.ts';
import { Digest, formatTime, Time } from '../../../src/contracts/common.ts';
import { SignetError } from '../../../src/error.ts';
import { directoryOf, type Invocation, type Run, text } from '../command.ts';
import { escaped } from '../escaped.ts';

const LAST = 20;

export const run: Run = async (invocation) => {
  const { json, output } = invocation;
  const calls = readCalls(projectPaths(directoryOf(invocation)), filterOf(invocation));
  if (json) output.result(`${JSON.stringify({ schema: 'calls/1', ok: true, calls: calls.map(describe) })}\n`);
  else if (calls.length === 0) output.note('no call fits\n');
  else for (const call of calls) output.result(line(call));
  return 0;
};

function filterOf(invocation: Invocation): CallFilter {
  const [bundle, digest, fn, since, last] = ['bundle', 'digest', 'function', 'since', 'last'].map((flag) =>
    text(invocation, flag),
  );
  if (since !== undefined && !Time.safeParse(since).success)
    throw usage(`--since ${since} is no time such as 2027-01-31T00:00:00Z`);
  // Part of one fits no call: that would read as if the release had never run.
  if (digest !== undefined && !Digest.safeParse(digest).success)
    throw usage(`--digest ${digest} is no sha256:<64 hex digits>`);
  if (last !== undefined && !/^[1-9]\d{0,8}$/.test(last)) throw usage(`--last ${last} is no whole number`);
  return {
    ...(bundle === undefined ? {} : { bundle }),
    ...(digest === undefined ? {} : { digest }),
    ...(fn === undefined ? {} : { fn }),
    ...(since === undefined ? {} : { since: Date.parse(since) }),
    ...(invocation.flags['failed'] === true ? { failed: true } : {}),
    // Who asks for the uses of one digest wants them all: it may have been revoked.
    ...(last !== undefined ? { last: Number(last) } : digest === undefined ? { last: LAST } : {}),
  };
}

/** What of a call others read. */
export function describe(call: LoggedCall): object {
  const { start, end, bundleName, mutations, denied } = call;
  return {
    callId: start.callId,
    at: formatTime(start.at),
    function: `${start.kind}/${start.name}`,
    bundle: bundleName ?? null,
    version: start.version,
    digest: start.bundle,
    tenant: start.tenant,
    dryRun: start.dryRun,
    parent: start.parent ?? null,
    ok: end?.ok ?? null,
    code: end?.code ?? null,
    durationMs: end?.durationMs ?? null,
    effects: end?.effects ?? null,
    mutations,
    denied,
    record: recordOf(call).mode,
  };
}

function line(call: LoggedCall): string {
  const { start, end, bundleName, mutations } = call;
  const ending = end === undefined ? 'no end' : (end.code ?? 'ok');
  const changed = mutations === 0 ? '' : `  changed ${mutations}`;
  const took = end === undefined ? '' : `  ${end.durationMs} ms  effects ${end.effects}`;
  const { mode } = recordOf(call);
  return escaped`${start.callId}  ${formatTime(start.at)}  ${start.kind}/${start.name}  ${bundleName ?? start.bundle}@${start.version}  ${ending}${took}${changed}${mode === 'none' ? '' : `  record ${mode}`}\n`;
}

const usage = (sentence: string): SignetError =>
  new SignetError('E_USAGE', sentence, { fix: 'signet calls --help' });
