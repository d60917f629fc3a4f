// Both bins: finds the command in the table, parses, runs it, and turns every failure into a code and an exit code.
import { parseArgs } from 'node:util';
import { ownSecrets } from '../../keys/secret-variables.ts';
import { asSignetError, type ExitCode, SignetError } from '../../src/error.ts';
import { oneLine, printable } from '../../src/text.ts';
import { type Command, type Invocation, type Output, parseOptions } from './command.ts';
import { binHelp, commandHelp } from './help.ts';
import { REGISTRY_COMMANDS } from './registry-commands.ts';
import { SIGNET_COMMANDS } from './signet-commands.ts';

const BINS: Readonly<Record<string, { readonly purpose: string; readonly commands: readonly Command[] }>> = {
  registry: { purpose: 'write, sign, publish, verify and install bundles', commands: REGISTRY_COMMANDS },
  signet: { purpose: 'run the host: dispatch, grants, audits', commands: SIGNET_COMMANDS },
};

/** Whatever a bundle, a manifest or a stranger's file says: on a terminal it is text and nothing else. */
const processOutput: Output = {
  result: (text) => void process.stdout.write(printable(text)),
  note: (text) => void process.stderr.write(printable(text)),
};

/** Runs one command line of a bin and gives its exit code (DESIGN.md §3). Never throws. */
export async function main(
  bin: string,
  argv: readonly string[],
  output: Output = processOutput,
): Promise<ExitCode> {
  const { purpose, commands } = BINS[bin] ?? { purpose: '', commands: [] };
  const [name, ...rest] = argv;
  if (name === undefined || name === '--help' || name === 'help') {
    (name === undefined ? output.note : output.result)(binHelp(bin, purpose, commands));
    return name === undefined ? 64 : 0;
  }
  const json = argv.includes('--json');
  // Secrets leave the environment before anything that could start a process is even loaded.
  ownSecrets();
  try {
    const command = commands.find((candidate) => candidate.name === name);
    if (command === undefined) throw usage(`${bin} has no command ${JSON.stringify(name)}`, `${bin} --help`);
    if (rest.includes('--help')) {
      output.result(commandHelp(bin, command));
      return 0;
    }
    const run = await command.load();
    return await run(parse(bin, command, rest, output));
  } catch (thrown) {
    return report(`${bin} ${name}`, asSignetError(thrown), json, output);
  }
}

function parse(bin: string, command: Command, argv: readonly string[], output: Output): Invocation {
  const help = `${bin} ${command.name} --help`;
  let parsed: ReturnType<typeof parseArgs>;
  try {
    parsed = parseArgs({
      args: [...argv],
      options: parseOptions(command),
      allowPositionals: true,
      strict: true,
    });
  } catch (cause) {
    throw usage((cause as Error).message, help);
  }
  const { positionals, values } = parsed;
  const [least, most] = command.arity;
  if (positionals.length < least || positionals.length > most) {
    throw usage(
      `${command.name} takes ${command.takes || 'no arguments'}; ${positionals.length} given`,
      help,
    );
  }
  return { positionals, flags: values as Invocation['flags'], json: values['json'] === true, output };
}

const usage = (sentence: string, help: string): SignetError =>
  new SignetError('E_USAGE', sentence, { fix: help });

function report(command: string, error: SignetError, json: boolean, output: Output): ExitCode {
  if (json) output.result(`${JSON.stringify({ schema: 'error/1', ok: false, ...error.toJSON() })}\n`);
  const lines = [`${command}: ${error.code}: ${oneLine(error.message)}`];
  if (error.expected !== undefined) lines.push(`  expected ${oneLine(error.expected)}`);
  if (error.actual !== undefined) lines.push(`  actual   ${oneLine(error.actual)}`);
  lines.push(`  do: ${oneLine(error.fix)}`);
  if (error.code === 'E_INTERNAL' && error.cause instanceof Error) lines.push(error.cause.stack ?? '');
  output.note(`${lines.join('\n')}\n`);
  return error.exit;
}
