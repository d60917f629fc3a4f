// One audit (CONTRACTS.md §1): reads the spec file, lets the engine run against this host, journals every result.
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname } from 'node:path';
import { parseYaml } from '../registry/yaml.ts';
import type { AuditReport } from '../src/contracts/convergence.ts';
import { type ConvergencePorts, runAudit } from '../src/convergence/engine.ts';
import { type LoadedSpec, readSpecs } from '../src/convergence/spec-file.ts';
import { SignetError } from '../src/error.ts';
import type { JournalSink } from '../src/ports.ts';
import { resolveSource } from './source-path.ts';

export interface AuditOptions {
  /** Absolute path of the spec file. */
  readonly specs: string;
  /** Where relative sources are; by default the folder of the spec file. */
  readonly root?: string;
  /** Only these; every enabled one where empty. */
  readonly ids?: readonly string[];
  readonly apply?: boolean;
  /** Variables of the caller, before those of this process. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** Characters of an error, and of an id, that the journal keeps; a caller may ask for any id. */
const MAX_ERROR = 4_096;
const MAX_ID = 256;

/** Runs the audit. Only a file that cannot be read as a spec file is an error of the whole (E_NOT_FOUND, E_CONFIG). */
export async function auditSpecs(
  options: AuditOptions,
  host: Omit<ConvergencePorts, 'resolve'>,
  journal: JournalSink,
): Promise<AuditReport> {
  const { specs, root = dirname(specs), ids = [], apply = false, environment = {} } = options;
  const ports = { ...host, resolve: (location: string) => resolveSource(location, root, homedir()) };
  const mode = { apply, environment: (name: string) => own(environment, name) ?? own(process.env, name) };
  const report = await runAudit(select(loadSpecs(specs), ids), ports, mode);
  for (const result of report.results) {
    journal.append({
      type: 'audit.result',
      at: host.clock.now(),
      specId: result.spec_id.slice(0, MAX_ID).toWellFormed() || '(empty)',
      drift: result.drift_detected,
      missing: result.missing_in_runtime.length,
      observed: result.observed.length,
      declared: result.declared.length,
      error: result.error?.slice(0, MAX_ERROR).toWellFormed() ?? null,
      dryRun: result.apply_dry_run,
    });
  }
  return report;
}

function loadSpecs(file: string): LoadedSpec[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    const why = (cause as Error).message;
    throw new SignetError('E_NOT_FOUND', `the spec file ${file} cannot be read: ${why}`, {
      item: file,
      cause,
    });
  }
  return readSpecs(parseYaml(text, file), file);
}

/** The names come from spec files: `constructor` is a variable like any other. */
const own = (variables: Readonly<Record<string, string | undefined>>, name: string): string | undefined =>
  Object.hasOwn(variables, name) ? variables[name] : undefined;

/** The specs that were asked for, each once: applied twice, it would be applied on what was seen before. None named: all enabled. */
function select(specs: readonly LoadedSpec[], ids: readonly string[]): LoadedSpec[] {
  if (ids.length === 0) return specs.filter((loaded) => !('spec' in loaded) || loaded.spec.enabled);
  return [...new Set(ids)].map(
    (id) =>
      specs.find((loaded) => loaded.id === id) ?? {
        id,
        error: `spec_not_found: the file has no spec ${id}; it has ${specs.map((loaded) => loaded.id).join(', ')}`,
      },
  );
}
