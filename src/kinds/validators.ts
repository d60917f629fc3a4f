// The validators of the kinds' own schemas: the same bounded check as for a bundle's, made of the same JSON Schema that a build
// writes into the manifest (THREATS.md H8, H19).
import * as z from 'zod';
import type { Kind } from '../contracts/manifest.ts';
import { compileSchema } from '../json-schema.ts';
import type { Validator } from '../json-schema-check.ts';
import { KINDS } from './index.ts';

type Side = 'input' | 'output';

const compiled = new Map<string, Validator | null>();

/** What a kind requires of one side of a call; null where it leaves that to the function, or is not built yet. */
export function kindValidator(kind: Kind, side: Side): Validator | null {
  const key = `${kind}/${side}`;
  const known = compiled.get(key);
  if (known !== undefined) return known;
  const schema = KINDS[kind].schemas?.[side] ?? null;
  // As it is given: what has a default may be missing on either side.
  const made =
    schema === null
      ? null
      : compileSchema(z.toJSONSchema(schema, { io: 'input' }), `the ${side} of kind ${kind}`);
  compiled.set(key, made);
  return made;
}
