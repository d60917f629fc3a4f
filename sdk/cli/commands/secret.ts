// `signet secret`: what bundles may be granted the use of (DESIGN.md §4 "`secret`"). A value comes from standard input or the terminal,
// never from the command line, and is shown by nothing.
import { isatty } from 'node:tty';
import { configDirectory } from '../../../keys/keyring.ts';
import { SecretStore } from '../../../keys/secret-store.ts';
import { askHidden } from '../../../keys/terminal.ts';
import type { Invocation } from '../command.ts';
import { actions, readStandardInput } from '../inputs.ts';

export const run = actions(
  'secret',
  {
    list: [0, (invocation) => answer(invocation, '', open().list())],
    set: [
      1,
      (invocation) => {
        const name = nameOf(invocation);
        const value = isatty(0) ? askHidden(`Value of ${name}: `) : firstLineOf(readStandardInput(MAX_INPUT));
        return answer(invocation, 'kept: ', [open().set(name, value, invocation.flags['encrypt'] === true)]);
      },
    ],
    remove: [1, (invocation) => answer(invocation, 'removed: ', [open().remove(nameOf(invocation))])],
  },
  'signet',
);

const MAX_INPUT = 16 * 1024;

const open = (): SecretStore => new SecretStore(configDirectory());
const nameOf = ({ positionals }: Invocation): string => positionals[0] ?? '';

/** One line end at its end is none of the value. */
const firstLineOf = (text: string): string => text.replace(/\r?\n$/, '');

function answer({ json, output }: Invocation, prefix: string, secrets: ReturnType<SecretStore['list']>): 0 {
  if (json) output.result(`${JSON.stringify({ schema: 'secrets/1', ok: true, secrets })}\n`);
  else if (secrets.length === 0) output.result('no secrets\n  do: signet secret set NAME\n');
  else for (const { name, from } of secrets) output.result(`${prefix}${name}  ${from}\n`);
  return 0;
}
