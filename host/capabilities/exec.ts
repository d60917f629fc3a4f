// `exec`: a program with exactly the arguments that the operator granted, asked for by the granted text or by program and
// argv. The grant says whether it observes or mutates (THREATS.md H12); nothing the bundle says changes what is run.
import * as z from 'zod';
import { sha256 } from '../../keys/hash.ts';
import type { Grant } from '../../src/contracts/config.ts';
import { digestOf } from '../../src/digest.ts';
import { SignetError } from '../../src/error.ts';
import { KINDS } from '../../src/kinds/index.ts';
import { type GrantDraft, grantId } from '../grants.ts';
import { plain } from '../plain-text.ts';
import { isExecutable } from '../resolve-command.ts';
import { runProgram } from '../run-program.ts';
import {
  type CallContext,
  type Capability,
  defaultReason,
  defineCapability,
  denied,
  type EffectContext,
  grantFor,
  requestsOf,
} from './capability.ts';

type ExecGrant = Extract<Grant, { capability: 'exec' }>;

/** Bytes of JSON text: the longest input, with its line ends escaped, and the longest arguments. */
const MAX_ARGS = 8 * 1024 * 1024;

const common = {
  /** In UTF-16 units. */
  stdin: z
    .string()
    .max(4 * 1024 * 1024)
    .optional(),
  timeoutMs: z.number().positive().max(600_000).optional(),
};
const Args = z.union([
  z.strictObject({ command: z.string().min(1).max(16_384), ...common }),
  z.strictObject({
    program: z.string().startsWith('/').max(4096),
    args: z.array(z.string().max(16_384)).max(256).default([]),
    ...common,
  }),
]);
type Args = z.output<typeof Args>;

const lineOf = (args: Args): string =>
  'command' in args ? args.command : [args.program, ...args.args].join(' ');

export const exec: Capability = defineCapability({
  id: 'exec',
  maxArgs: MAX_ARGS,
  args: Args,
  target: lineOf,
  plan(args, context) {
    const { call } = context;
    const line = lineOf(args);
    const what = `run "${plain(line, 1024)}"`;
    const asked = requestsOf(call, 'exec').some(
      ({ commands }) => commands === 'granted' || commands.includes(line),
    );
    if (!asked)
      throw denied(
        call,
        `${what}: its manifest names other commands`,
        'Name it under "commands" in plugin.json.',
      );
    const grant = grantFor(
      context,
      'exec',
      what,
      (one) => covers(one, args),
      () => draftOf(call, args),
    );
    if (args.stdin !== undefined && !grant.stdin)
      throw denied(call, `give input to "${plain(line)}"`, 'Grant it anew with --stdin.');
    return {
      action: `${what}${describeInput(args.stdin)}`,
      class: grant.class,
      grant: grantId(grant),
      perform: () => run(grant, args, context),
    };
  },
});

/** The very text, or the very program and arguments: no option more, none less. */
function covers(grant: ExecGrant, args: Args): boolean {
  if ('command' in args) return grant.command === args.command;
  return (
    grant.program === args.program &&
    grant.args.length === args.args.length &&
    grant.args.every((arg, index) => arg === args.args[index])
  );
}

async function run(grant: ExecGrant, args: Args, { call, now, services }: EffectContext) {
  const left = call.deadlineMs - now;
  if (left <= 0)
    throw new SignetError('E_EXEC', `no time is left to run ${plain(grant.program)}`, { item: call.fn });
  if (!isExecutable(grant.program)) {
    throw new SignetError('E_EXEC', `${plain(grant.program)} is not an executable file any more`, {
      item: grant.program,
      fix: `Grant it anew: signet grant --remove ${grantId(grant)}, then signet grant …`,
    });
  }
  const argv0 = nameFor(grant);
  const started =
    grant.sandbox === true
      ? await services.sandbox.enclose(grant.program, grant.args, argv0)
      : { program: grant.program, args: grant.args, argv0 };
  const result = await runProgram({
    argv0: started.program,
    ...started,
    stdin: args.stdin,
    timeoutMs: Math.ceil(Math.min(args.timeoutMs ?? left, left)),
    signal: call.signal,
  });
  return { status: 'done', ...result };
}

/** The name under which the operator granted it: one file may serve many names (busybox). */
function nameFor(grant: ExecGrant): string {
  if (grant.shell || grant.command === undefined) return grant.program;
  return grant.command.trim().split(/[ \t]/, 1)[0] ?? grant.program;
}

function describeInput(stdin: string | undefined): string {
  return stdin === undefined
    ? ''
    : ` with ${Buffer.byteLength(stdin)} bytes of input, ${digestOf(sha256, stdin)}`;
}

/** The grant that would allow it: of the gentlest class that the kind may use. Program and args stay to be resolved. */
function draftOf(call: CallContext, args: Args): GrantDraft {
  return {
    bundle: call.bundle.name,
    capability: 'exec',
    class: KINDS[call.kind].ceiling.exec?.class ?? 'mutate',
    ...('command' in args
      ? { command: args.command, program: '/', args: [], shell: false }
      : { program: args.program, args: args.args, shell: false }),
    stdin: args.stdin !== undefined,
    reason: defaultReason(call),
  };
}
