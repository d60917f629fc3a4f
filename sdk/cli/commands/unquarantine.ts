// `signet unquarantine NAMESPACE/NAME`: lets a bundle run again that ended its worker again and again. Only ever a person's doing:
// the principal is the user who types the command (DESIGN.md §4 "Agents cannot grant").
import { operator, requirePerson } from '../../../host/operator.ts';
import { UnquarantineAnswer } from '../../../src/contracts/api.ts';
import { parseShape } from '../../../src/shape.ts';
import { connect } from '../../client.ts';
import { directoryOf, type Run } from '../command.ts';

export const run: Run = async (invocation) => {
  const { positionals, json, output } = invocation;
  const [bundle = ''] = positionals;
  // A live host acts for its own user: whoever types this is asked here.
  requirePerson(operator(), 'lift a quarantine', `signet unquarantine ${bundle}`);
  const client = await connect(directoryOf(invocation));
  try {
    const answered = await client.command('host.unquarantine', { bundle });
    const { lifted } = parseShape(UnquarantineAnswer, answered, 'the answer');
    if (json) output.result(`${JSON.stringify({ schema: 'unquarantine/1', ok: true, lifted })}\n`);
    else if (lifted.length === 0) output.result(`${bundle} is not quarantined: nothing to lift\n`);
    else for (const { name, version } of lifted) output.result(`${name} ${version} may run again\n`);
    return 0;
  } finally {
    await client.close();
  }
};
