// `registry explain [CODE]`: the page of a code, or a line for each.
import { EXIT_MEANS, type Explanation, explain, explainAll } from '../../../registry/explain.ts';
import type { Run } from '../command.ts';

export const run: Run = async ({ positionals: [code], json, output }) => {
  if (code === undefined) {
    const codes = explainAll();
    if (json) output.result(`${JSON.stringify({ schema: 'codes/1', ok: true, codes })}\n`);
    else for (const page of codes) output.result(line(page));
    return 0;
  }
  const { do: fix, ...page } = explain(code);
  // `fix` is the field's name in every other document.
  if (json) output.result(`${JSON.stringify({ schema: 'code/1', ok: true, ...page, fix })}\n`);
  else
    output.result(
      [
        `${page.code} (exit ${page.exit}: ${EXIT_MEANS[page.exit]})`,
        `  ${page.means}`,
        `  why      ${page.why}`,
        `  example  ${page.example}`,
        `  do: ${fix}`,
        '',
      ].join('\n'),
    );
  return 0;
};

const line = ({ code, exit, means }: Explanation): string =>
  `${code.padEnd(22)} ${String(exit).padStart(2)}  ${means}\n`;
