// The exhaustive table of kinds: a kind without a row does not compile (DESIGN.md §2).
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

export const KINDS: Readonly<Record<Kind, KindDefinition>> = {
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
};
