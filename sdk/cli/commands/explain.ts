// `registry explain CODE`: the code's row of the table.
import { CODES, type ErrorCode, SignetError } from '../../../src/error.ts';
import type { Run } from '../command.ts';

export const run: Run = async ({ positionals: [code = ''], json, output }) => {
  if (!Object.hasOwn(CODES, code))
    throw new SignetError('E_USAGE', `there is no code ${JSON.stringify(code)}`, {
      fix: 'registry explain E_USAGE',
    });
  const row = CODES[code as ErrorCode];
  if (json) output.result(`${JSON.stringify({ schema: 'code/1', code, ...row })}\n`);
  else output.result(`${code} (exit ${row.exit})\n  ${row.means}\n  do: ${row.fix}\n`);
  return 0;
};
