// `fs.read`: one file in a granted folder, or a granted file, as text or bytes. `fs.list`: what a granted folder holds.
import { dirname } from 'node:path';
import * as z from 'zod';
import type { JsonValue } from '../../src/contracts/common.ts';
import { grantId } from '../grants.ts';
import {
  type Capability,
  defineCapability,
  type EffectContext,
  jsonBytes,
  type PlannedEffect,
} from './capability.ts';
import { grantForPath, PathArg, pathAction, requireAsked } from './granted-path.ts';

export const fsRead: Capability = defineCapability({
  id: 'fs.read',
  maxArgs: jsonBytes(4096),
  args: z.strictObject({ path: PathArg, encoding: z.literal('base64').optional() }),
  target: ({ path }) => path,
  plan: ({ path, encoding }, context) => {
    const { files } = context.services;
    return looking(context, 'read', path, async (root) =>
      encoding === undefined
        ? { text: await files.readText(path, root) }
        : { base64: (await files.readBytes(path, root)).toString('base64') },
    );
  },
});

export const fsList: Capability = defineCapability({
  id: 'fs.read',
  maxArgs: jsonBytes(4096),
  args: z.strictObject({ path: PathArg }),
  target: ({ path }) => path,
  plan: ({ path }, context) =>
    looking(context, 'list', path, async (root) => ({
      entries: (await context.services.files.list(path, root)).map((entry) => ({ ...entry })),
    })),
});

/** `act` gets the granted root that the path is in. */
function looking(
  context: EffectContext,
  verb: string,
  path: string,
  act: (root: string) => Promise<JsonValue>,
): PlannedEffect {
  const action = pathAction(verb, path);
  requireAsked(context, 'fs.read', action, path);
  if (context.services.files.isBuiltIn(path))
    return { action, class: 'observe', grant: null, perform: () => act(dirname(path)) };
  const grant = grantForPath(context, 'fs.read', action, path);
  return { action, class: grant.class, grant: grantId(grant), perform: () => act(grant.path) };
}
