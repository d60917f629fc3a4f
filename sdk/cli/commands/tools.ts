// `signet tools`: the functions that can be called.
import * as z from 'zod';
import { ToolDescription } from '../../../src/contracts/api.ts';
import { parseShape } from '../../../src/shape.ts';
import { oneLine } from '../../../src/text.ts';
import { connect } from '../../client.ts';
import { directoryOf, type Run } from '../command.ts';

export const run: Run = async (invocation) => {
  const { json, output } = invocation;
  const client = await connect(directoryOf(invocation));
  try {
    const tools = parseShape(z.array(ToolDescription), await client.query('host.tools'), 'the answer');
    if (json) output.result(`${JSON.stringify({ schema: 'tools/1', ok: true, tools })}\n`);
    else if (tools.length === 0) output.note('nothing is installed; do: registry install NAMESPACE/NAME\n');
    else
      for (const tool of tools)
        output.result(
          `${tool.kind}/${tool.name}  ${tool.bundle} ${tool.version}  ${tool.annotations.readOnlyHint ? 'reads' : 'may change things'}  ${oneLine(tool.description)}\n`,
        );
    return 0;
  } finally {
    await client.close();
  }
};
