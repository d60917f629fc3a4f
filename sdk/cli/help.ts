// Help pages, made from the command tables.
import { COMMON_OPTIONS, type Command, type OptionRow } from './command.ts';

/** The page of a bin: every command with its line. */
export function binHelp(bin: string, purpose: string, commands: readonly Command[]): string {
  const width = Math.max(...commands.map(({ name, takes }) => `${name} ${takes}`.length));
  const rows = commands.map(
    ({ name, takes, does }) => `  ${`${name} ${takes}`.trimEnd().padEnd(width)}  ${does}`,
  );
  return [`${bin}: ${purpose}`, '', ...rows, '', `${bin} COMMAND --help says more.`, ''].join('\n');
}

/** The page of one command: usage, options, an example. */
export function commandHelp(bin: string, command: Command): string {
  const options = Object.entries({ ...command.options, ...COMMON_OPTIONS });
  const flag = ([name, row]: [string, OptionRow]): string =>
    `--${name}${row.value === undefined ? '' : ` ${row.value}`}`;
  const width = Math.max(...options.map((entry) => flag(entry).length));
  const actions = command.actions ?? [];
  const actionWidth = Math.max(0, ...actions.map(([usage]) => usage.length));
  return [
    `${bin} ${command.name} ${command.takes}`.trimEnd(),
    `  ${command.does}`,
    '',
    ...actions.map(([usage, does]) => `  ${usage.padEnd(actionWidth)}  ${does}`),
    ...(actions.length === 0 ? [] : ['']),
    ...options.map(
      (entry) =>
        `  ${flag(entry).padEnd(width)}  ${entry[1].does}${entry[1].multiple ? ' (may be repeated)' : ''}`,
    ),
    '',
    'example:',
    `  ${command.example}`,
    '',
  ].join('\n');
}
