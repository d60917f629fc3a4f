// What the effects on files share: a path that manifest and grants both name. It is matched by its plain text; that it leads
// nowhere else is checked while it is opened (host/granted-files.ts; THREATS.md H10).
import * as z from 'zod';
import type { Grant } from '../../src/contracts/config.ts';
import { isInside, isPlainPath } from '../plain-path.ts';
import { plain } from '../plain-text.ts';
import { defaultReason, denied, type EffectContext, grantFor, requestsOf } from './capability.ts';

/** An absolute path in the arguments of an effect. */
export const PathArg = z.string().startsWith('/').max(4096);

/** Such as `read /data/x`. */
export const pathAction = (verb: string, path: string): string => `${verb} ${plain(path, 4096)}`;

/** E_CAPABILITY_DENIED unless the path is plain and the manifest asks for it. */
export function requireAsked(
  { call }: EffectContext,
  capability: 'fs.read' | 'fs.write',
  action: string,
  path: string,
): void {
  if (!isPlainPath(path))
    throw denied(call, `${action}: the path is not plain`, 'Name it without "." , ".." or empty parts.');
  const asked = requestsOf(call, capability).some(
    ({ paths }) => paths === 'granted' || paths.some((one) => isPlainPath(one) && isInside(path, one)),
  );
  if (!asked)
    throw denied(
      call,
      `${action}: its manifest names other paths`,
      'Name the path under "paths" in plugin.json.',
    );
}

/** The grant that has the path; E_CAPABILITY_DENIED without one. */
export function grantForPath<C extends 'fs.read' | 'fs.write'>(
  context: EffectContext,
  capability: C,
  action: string,
  path: string,
): Extract<Grant, { capability: C }> {
  const common = { bundle: context.call.bundle.name, path, reason: defaultReason(context.call) };
  return grantFor(
    context,
    capability,
    action,
    (grant) => 'path' in grant && isInside(path, grant.path),
    () =>
      capability === 'fs.read'
        ? { ...common, capability: 'fs.read', class: 'observe' }
        : { ...common, capability: 'fs.write', class: 'mutate' },
  );
}
