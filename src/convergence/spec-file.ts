// Reading a spec file: each spec stands or falls by itself, so one bad spec is an error of that spec alone.
import { ConvergenceSpec, SpecFile } from '../contracts/convergence.ts';
import { parseShape } from '../shape.ts';

/** A spec, or why it cannot be one. */
export type LoadedSpec =
  | { readonly id: string; readonly spec: ConvergenceSpec }
  | { readonly id: string; readonly error: string };

/**
 * The specs of a parsed spec file, in its order. Only a file without `convergence_specs` is an error of the whole
 * (E_CONFIG); a spec that is not valid, or whose id another one has, becomes a `load_failed` of its own.
 */
export function readSpecs(document: unknown, item: string): LoadedSpec[] {
  const file = parseShape(SpecFile, document, item, 'E_CONFIG');
  const seen = new Set<string>();
  return file.convergence_specs.map((raw, index): LoadedSpec => {
    const parsed = ConvergenceSpec.safeParse(raw);
    const id = parsed.success ? parsed.data.id : nameOf(raw, index);
    if (seen.has(id)) return { id, error: `load_failed: two specs have the id ${id}` };
    seen.add(id);
    if (parsed.success) return { id, spec: parsed.data };
    const problems = parsed.error.issues
      .slice(0, 5)
      .map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    return { id, error: `load_failed: ${problems.join('; ')}` };
  });
}

function nameOf(raw: unknown, index: number): string {
  const id = typeof raw === 'object' && raw !== null ? (raw as Record<string, unknown>)['id'] : undefined;
  return typeof id === 'string' && id !== '' ? id.slice(0, 128) : `#${index}`;
}
