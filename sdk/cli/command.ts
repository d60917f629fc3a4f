// What a command is: one row of data that gives help, parsing and the tests that its examples run (DESIGN.md §6).
import type { ParseArgsOptionsConfig } from 'node:util';
import type { ExitCode } from '../../src/error.ts';

/** Where a command writes: results on stdout, everything else on stderr. */
export interface Output {
  /** Adds to the result on stdout. */
  result(text: string): void;
  /** A line of progress or diagnosis on stderr. */
  note(text: string): void;
}

export interface Invocation {
  readonly positionals: readonly string[];
  readonly flags: Readonly<Record<string, string | boolean | readonly string[] | undefined>>;
  readonly json: boolean;
  readonly output: Output;
}

export type Run = (invocation: Invocation) => Promise<ExitCode>;

export interface Command {
  readonly name: string;
  /** One line. */
  readonly does: string;
  /** Positional arguments as they are shown: `NAME[@RANGE]`. */
  readonly takes: string;
  /** How many positional arguments at least and at most. */
  readonly arity: readonly [number, number];
  readonly options: Readonly<Record<string, OptionRow>>;
  /** Of a command whose first argument is an ACTION: each with its arguments, and what it does. */
  readonly actions?: readonly (readonly [usage: string, does: string])[];
  /** Runs as printed, in a project that `signet up` made. */
  readonly example: string;
  /** Imported only when the command is run: start-up time is import time. */
  readonly load: () => Promise<Run>;
}

export interface OptionRow {
  readonly type: 'string' | 'boolean';
  readonly multiple?: true;
  /** How its value is shown: `FILE`. */
  readonly value?: string;
  readonly does: string;
}

export const COMMON_OPTIONS: Readonly<Record<string, OptionRow>> = {
  json: { type: 'boolean', does: 'print one JSON document on stdout, also on failure' },
  help: { type: 'boolean', does: 'print this and exit' },
};

/** The options in the form that `util.parseArgs` takes. */
export function parseOptions(command: Command): ParseArgsOptionsConfig {
  const rows = Object.entries({ ...command.options, ...COMMON_OPTIONS });
  return Object.fromEntries(
    rows.map(([name, row]) => [name, { type: row.type, multiple: row.multiple ?? false }]),
  );
}

/** A flag that takes a value, or undefined where it was not given. */
export function text(invocation: Invocation, flag: string): string | undefined {
  const value = invocation.flags[flag];
  return typeof value === 'string' ? value : undefined;
}

/** Every value of a flag that may be repeated. */
export function texts(invocation: Invocation, flag: string): readonly string[] {
  const value = invocation.flags[flag];
  return Array.isArray(value) ? value : [];
}

/** The project folder of an invocation: `--directory`, or this one. */
export function directoryOf(invocation: Invocation): string {
  return text(invocation, 'directory') ?? process.cwd();
}
