// `fs.write`: one whole file in a granted folder, or a granted file, replaced or made in one step (DESIGN.md §4 "`fs`",
// THREATS.md H14, H15). Always of class mutate; what no grant reaches is refused in a dry run as well.
import * as z from 'zod';
import { sha256 } from '../../keys/hash.ts';
import { digestOf } from '../../src/digest.ts';
import { SignetError } from '../../src/error.ts';
import { MAX_FILE_BYTES } from '../granted-files.ts';
import { grantId } from '../grants.ts';
import { bytesOf } from './bytes.ts';
import { type Capability, defineCapability, denied } from './capability.ts';
import { grantForPath, PathArg, pathAction, requireAsked } from './granted-path.ts';

/** Bytes of JSON text: the longest file, as base64 or with its line ends escaped. */
const MAX_ARGS = 2 * MAX_FILE_BYTES;

const common = { path: PathArg, mode: z.enum(['replace', 'create']).default('replace') };

export const fsWrite: Capability = defineCapability({
  id: 'fs.write',
  maxArgs: MAX_ARGS,
  args: z.union([
    z.strictObject({ ...common, text: z.string() }),
    z.strictObject({ ...common, base64: z.string() }),
  ]),
  target: ({ path }) => path,
  plan(args, context) {
    const { call, services } = context;
    const { path, mode } = args;
    const bytes = bytesOf(args);
    const verb = mode === 'create' ? 'create' : 'write';
    const action = `${pathAction(verb, path)}: ${bytes.length} bytes, ${digestOf(sha256, bytes)}`;
    requireAsked(context, 'fs.write', pathAction(verb, path), path);
    const grant = grantForPath(context, 'fs.write', pathAction(verb, path), path);
    const most = Math.min(grant.maxBytes ?? MAX_FILE_BYTES, MAX_FILE_BYTES);
    if (bytes.length > most) {
      throw new SignetError('E_LIMIT', `${pathAction(verb, path)}: it is too large`, {
        item: path,
        expected: `at most ${most} bytes`,
        actual: String(bytes.length),
        fix: 'Write less, or grant more.',
      });
    }
    if (services.files.refusesToWrite(path))
      throw denied(
        call,
        `${pathAction(verb, path)}: it is never within reach of a bundle`,
        'Write elsewhere.',
      );
    return {
      action,
      class: grant.class,
      grant: grantId(grant),
      perform: async () => {
        await services.files.write(path, grant.path, bytes, mode);
        return { status: 'done', bytes: bytes.length };
      },
    };
  },
});
