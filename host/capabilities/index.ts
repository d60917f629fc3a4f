// The effects that a guest may ask for: an exhaustive table of the names of today (DESIGN.md §4 "Capabilities").
import type { Capability } from './capability.ts';
import { clock, clockWait } from './clock.ts';
import { exec } from './exec.ts';
import { fsList, fsRead } from './fs-read.ts';
import { fsWrite } from './fs-write.ts';
import { http } from './http.ts';
import { invoke } from './invoke.ts';
import { kvDelete, kvGet, kvList, kvSet } from './kv.ts';
import { log, logLines } from './log.ts';
import { model } from './model.ts';
import { random } from './random.ts';
import { secretVerify } from './secret.ts';

const TABLE = {
  clock,
  'clock.wait': clockWait,
  random,
  log,
  'log.lines': logLines,
  'fs.read': fsRead,
  'fs.list': fsList,
  'fs.write': fsWrite,
  exec,
  invoke,
  http,
  'secret.verify': secretVerify,
  model,
  'kv.get': kvGet,
  'kv.list': kvList,
  'kv.set': kvSet,
  'kv.delete': kvDelete,
} as const satisfies Record<string, Capability>;

/** By name; foreign names never meet an object's own. */
export const CAPABILITIES: ReadonlyMap<string, Capability> = new Map(Object.entries(TABLE));
