// `signet call KIND/NAME [JSON|-]`: one function, dry unless --apply.
import { readFileSync } from 'node:fs';
import { CallAnswer, COMMANDS } from '../../../src/contracts/api.ts';
import { SignetError } from '../../../src/error.ts';
import { parseJson } from '../../../src/json.ts';
import { parseShape } from '../../../src/shape.ts';
import { connect } from '../../client.ts';
import { directoryOf, type Run, text, texts } from '../command.ts';

export const run: Run = async (invocation) => {
  const { positionals, flags, json, output } = invocation;
  const [fn = '', given = '{}'] = positionals;
  const request = {
    ...functionOf(fn),
    input: parseJson(given === '-' ? readFileSync(0, 'utf8') : given, 'the input'),
    apply: flags['apply'] === true,
    with: texts(invocation, 'with').map(stepOf),
    version: text(invocation, 'version'),
  };
  const input = parseShape(COMMANDS['host.call'], request, fn, 'E_USAGE');
  const client = await connect(directoryOf(invocation));
  try {
    const answer = parseShape(CallAnswer, await client.command('host.call', input), 'the answer');
    if (json) output.result(`${JSON.stringify({ schema: 'call/1', ok: true, ...answer })}\n`);
    else {
      output.result(`${JSON.stringify(answer.output, null, 2)}\n`);
      const how = answer.dryRun
        ? 'dry run: nothing was changed; --apply lets granted effects mutate'
        : 'applied';
      output.note(
        `${fn} by ${answer.bundle.name} ${answer.bundle.version}, call ${answer.callId} (${how})\n`,
      );
    }
    return 0;
  } finally {
    await client.close();
  }
};

function functionOf(fn: string): { kind: string; name: string } {
  const [kind = '', name, ...rest] = fn.split('/');
  if (name !== undefined && rest.length === 0) return { kind, name };
  throw new SignetError('E_USAGE', `expected KIND/NAME, found ${JSON.stringify(fn)}`, {
    fix: 'signet tools',
  });
}

/** `KIND/NAME JSON`, as a refusal proposes it. */
function stepOf(text: string): object {
  const [fn = ''] = text.split(' ', 1);
  return { ...functionOf(fn), input: parseJson(text.slice(fn.length) || 'null', `the input of ${fn}`) };
}
