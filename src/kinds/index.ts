// The exhaustive table of kinds: a kind without a row does not compile (DESIGN.md §2).
import type { z } from 'zod';
import type { Kind } from '../contracts/manifest.ts';
import { adapter } from './adapter.ts';
import { apply } from './apply.ts';
import { channel } from './channel.ts';
import { check } from './check.ts';
import { extractor } from './extractor.ts';
import { fact } from './fact.ts';
import type { KindDefinition } from './kind.ts';
import { observer } from './observer.ts';
import { parser } from './parser.ts';
import { planner } from './planner.ts';
import { provider } from './provider.ts';
import { sender } from './sender.ts';
import { skill } from './skill.ts';
import { stage } from './stage.ts';

const DEFINITIONS = {
  parser,
  extractor,
  observer,
  apply,
  sender,
  skill,
  check,
  fact,
  adapter,
  channel,
  planner,
  provider,
  stage,
} as const satisfies Record<Kind, KindDefinition>;

export const KINDS: Readonly<Record<Kind, KindDefinition>> = DEFINITIONS;

type SchemaOf<K extends Kind, Side extends 'input' | 'output'> = (typeof DEFINITIONS)[K] extends {
  readonly schemas: Readonly<Record<Side, infer S>>;
}
  ? S
  : null;

/** What a call of a kind is given; `unknown` where the kind leaves that to the function. */
export type KindInput<K extends Kind> =
  SchemaOf<K, 'input'> extends z.ZodType ? z.input<SchemaOf<K, 'input'>> : unknown;
/** What it answers, likewise. */
export type KindOutput<K extends Kind> =
  SchemaOf<K, 'output'> extends z.ZodType ? z.output<SchemaOf<K, 'output'>> : unknown;
