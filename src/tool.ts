// How a function is shown to a model (DESIGN.md §4 "Effects are classed by the grant, not by the bundle"): in the shape of a tool
// of the Model Context Protocol. What a manifest says of itself may raise the risk that is shown, never lower it: what lowers it
// rests on what the bundle can ask for at all.
import type { z } from 'zod';
import type { ToolDescription } from './contracts/api.ts';
import type { CapabilityRequest, Provided } from './contracts/manifest.ts';
import { KINDS } from './kinds/index.ts';
import { AMBIENT } from './kinds/kind.ts';

type Annotations = z.infer<typeof ToolDescription>['annotations'];

/** Capabilities that reach beyond this machine, or start what may. */
const OPEN_WORLD: ReadonlySet<string> = new Set(['http', 'exec', 'model', 'invoke', 'secret']);

/** The hints of a function of a bundle that asks for these capabilities. */
export function toolAnnotations(
  { kind, annotations }: Pick<Provided, 'kind' | 'annotations'>,
  capabilities: readonly CapabilityRequest[],
): Annotations {
  const { ceiling } = KINDS[kind];
  const asked = capabilities.filter(({ id }) => !AMBIENT.includes(id));
  const observes = asked.every(
    (request) =>
      ceiling[request.id]?.class !== 'mutate' || (request.id === 'kv' && request.access === 'read'),
  );
  const readOnlyHint = observes && annotations?.readOnly !== false;
  return {
    readOnlyHint,
    destructiveHint: !readOnlyHint || annotations?.destructive === true,
    idempotentHint: readOnlyHint && annotations?.idempotent !== false,
    openWorldHint: asked.some(({ id }) => OPEN_WORLD.has(id)),
  };
}

/** Characters that every model API takes in the name of a tool. */
const MAX_NAME = 64;

/**
 * The name of a function for model APIs, which take letters, digits and underscores: `kind_name`. No kind has an underscore, so
 * no two functions share one; a name that is too long ends in a part of the hash of the whole. `sha256`: hexadecimal.
 */
export function toolName(kind: string, name: string, sha256: (text: string) => string): string {
  const whole = `${kind}_${name}`;
  return whole.length <= MAX_NAME ? whole : `${whole.slice(0, MAX_NAME - 13)}_${sha256(whole).slice(0, 12)}`;
}

/** A JSON Schema that allows objects only, which is what model APIs take as the arguments of a tool. */
export const isObjectSchema = (schema: Readonly<Record<string, unknown>>): boolean =>
  schema['type'] === 'object';
