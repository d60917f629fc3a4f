// `fs.read`: the text of one file in a granted folder, or of a granted file. The grant is matched by the plain text of the
// path; that the path leads nowhere else is checked while it is opened (host/granted-files.ts).
import { dirname } from 'node:path';
import { z } from 'zod';
import { isInside, isPlainPath } from '../granted-files.ts';
import { grantId } from '../grants.ts';
import { plain } from '../plain-text.ts';
import {
  type Capability,
  defaultReason,
  defineCapability,
  denied,
  jsonBytes,
  requestsOf,
  ungranted,
} from './capability.ts';

export const fsRead: Capability = defineCapability({
  id: 'fs.read',
  maxArgs: jsonBytes(4096),
  args: z.strictObject({ path: z.string().startsWith('/').max(4096) }),
  plan({ path }, context) {
    const { call, grants, now, services } = context;
    const action = `read ${plain(path, 4096)}`;
    if (!isPlainPath(path))
      throw denied(
        call,
        `${action}: the path is not plain`,
        'Name the file without "." , ".." or empty parts.',
      );
    const asked = requestsOf(call, 'fs.read').some(
      ({ paths }) =>
        paths === 'granted' || paths.some((asked) => isPlainPath(asked) && isInside(path, asked)),
    );
    if (!asked)
      throw denied(
        call,
        `${action}: its manifest names other paths`,
        'Name the path under "paths" in plugin.json.',
      );
    if (services.files.isBuiltIn(path)) {
      const perform = async () => ({ text: await services.files.readText(path, dirname(path)) });
      return { action, class: 'observe', grant: null, perform };
    }
    const grant = grants.live(call.bundle.name, 'fs.read', now).find((one) => isInside(path, one.path));
    if (grant === undefined) {
      throw ungranted(call, action, {
        bundle: call.bundle.name,
        capability: 'fs.read',
        class: 'observe',
        path,
        reason: defaultReason(call),
      });
    }
    const perform = async () => ({ text: await services.files.readText(path, grant.path) });
    return { action, class: grant.class, grant: grantId(grant), perform };
  },
});
