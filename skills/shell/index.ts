// Observer `shell_command` (CONTRACTS.md §1 "What failure means"): a failing command is an error, never an empty answer.
import { definePlugin, provide } from 'signet-host/plugin';

const DEFAULT_TIMEOUT_SEC = 10;
const SHOWN = 500;

/** What is known to mean "nothing there" although the command fails. A spec may name more with `empty_when`. */
const KNOWN_EMPTY = [{ command: /^(?:\S*\/)?crontab\s+-l$/, exitCode: 1, stderr: 'no crontab for' }];

export default definePlugin([
  provide({
    kind: 'observer',
    name: 'shell_command',
    description: 'The output of one granted command.',
    annotations: { readOnly: true },
    async run({ command, timeout_sec: timeoutSec, empty_when: emptyWhen }, ctx) {
      if (command === undefined || command.trim() === '') throw new Error('the spec names no command');
      const result = await ctx.exec({ command, timeoutMs: (timeoutSec ?? DEFAULT_TIMEOUT_SEC) * 1000 });
      if (result.status !== 'done') throw new Error(`the command was not run: ${result.action}`);
      const { exitCode, stdout, stderr } = result;
      if (exitCode === 0) return { raw: stdout };
      const known = KNOWN_EMPTY.some(
        (row) => row.command.test(command.trim()) && row.exitCode === exitCode && stderr.includes(row.stderr),
      );
      const named =
        emptyWhen !== undefined &&
        (emptyWhen.exit_code !== undefined || emptyWhen.stderr_contains !== undefined) &&
        (emptyWhen.exit_code ?? exitCode) === exitCode &&
        stderr.includes(emptyWhen.stderr_contains ?? '');
      if (known || named) return { raw: '' };
      throw new Error(
        `${command} ended with ${exitCode}: ${stderr.trim().slice(0, SHOWN) || 'nothing on stderr'}`,
      );
    },
  }),
]);
