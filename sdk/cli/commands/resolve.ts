// `signet resolve`: a person says what became of an effect whose host died while it was under way (DESIGN.md §4 "Journal").
import * as z from 'zod';
import { operator, requirePerson } from '../../../host/operator.ts';
import { SignetError } from '../../../src/error.ts';
import { parseShape } from '../../../src/shape.ts';
import { connect } from '../../client.ts';
import { directoryOf, type Run, text } from '../command.ts';
import { escaped } from '../escaped.ts';

const Answer = z.strictObject({ effect: z.string(), action: z.string() });
const AS = { done: 'done', 'not-done': 'not_done' } as const;

export const run: Run = async (invocation) => {
  const { json, output, positionals } = invocation;
  const [effect = ''] = positionals;
  const as = text(invocation, 'as');
  const reason = text(invocation, 'reason');
  if ((as !== 'done' && as !== 'not-done') || reason === undefined || reason === '') {
    throw new SignetError(
      'E_USAGE',
      'say what became of it, and how you know: --as done|not-done --reason TEXT',
      {
        fix: 'signet resolve --help',
      },
    );
  }
  requirePerson(operator(), 'say what became of an effect', 'signet resolve');
  const client = await connect(directoryOf(invocation));
  try {
    const said = await client.command('host.resolve', { effect, as: AS[as], reason });
    const answer = parseShape(Answer, said, 'the answer');
    if (json) output.result(`${JSON.stringify({ schema: 'resolve/1', ok: true, ...answer, as: AS[as] })}\n`);
    else output.result(escaped`resolved as ${as}: ${answer.effect}: ${answer.action}\n`);
    return 0;
  } finally {
    await client.close();
  }
};
