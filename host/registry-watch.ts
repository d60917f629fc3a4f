// What the registries of the policy say now (DESIGN.md §3 "Status", §4 "Load"; THREATS.md 27, 31): a running host takes in a newer
// status as soon as it finds one in the folder of a registry, so that a revocation reaches it without a restart.
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { parseDocument } from '../keys/document.ts';
import { parseEnvelope, unverifiedPayload } from '../keys/envelope.ts';
import { refreshRegistry } from '../registry/fetch.ts';
import type { PolicyRegistry } from '../registry/policy.ts';
import type { Project } from '../registry/project.ts';
import { FILE_LIMITS, isRemote, PATHS, requireFile } from '../registry/transport.ts';
import { STATUS_PAYLOAD, StatusDocument } from '../src/contracts/statement.ts';
import type { PinnedRoot } from '../src/contracts/trust.ts';
import { asSignetError, SignetError } from '../src/error.ts';

export class RegistryWatch {
  readonly #project: Project;
  /** By registry: the status file that was looked at last. */
  readonly #stamps = new Map<string, string>();
  #said: ReadonlySet<string> = new Set();

  constructor(project: Project) {
    this.#project = project;
  }

  /**
   * Takes in every pinned registry in a folder whose status is newer than the one that was seen. Answers what is wrong with any
   * of them: what is known of it goes on to bind. A project without a policy has none.
   */
  take(): SignetError[] {
    if (!this.#project.hasPolicy()) return [];
    try {
      return this.#project.policy().registries.flatMap((registry) => {
        try {
          this.#take(registry);
          return [];
        } catch (thrown) {
          return [failure(`registry ${registry.name}`, thrown)];
        }
      });
    } catch (thrown) {
      return [failure('policy.yaml', thrown)];
    }
  }

  /** As `take`; what was said the last time is not said again. */
  look(): SignetError[] {
    const failures = this.take();
    const before = this.#said;
    this.#said = new Set(failures.map(textOf));
    return failures.filter((error) => !before.has(textOf(error)));
  }

  #take(registry: PolicyRegistry): void {
    const pin = this.#project.trust.pin(registry.root);
    if (pin === undefined || isRemote(registry.location)) return;
    const file = join(this.#project.folder(registry), PATHS.status);
    const stat = statSync(file, { throwIfNoEntry: false });
    const stamp = `${stat?.ino} ${stat?.size} ${stat?.mtimeMs} ${stat?.ctimeMs}`;
    if (this.#stamps.get(registry.name) === stamp) return;
    if (this.#isNewer(registry, pin)) refreshRegistry(this.#project, registry);
    this.#stamps.set(registry.name, stamp);
  }

  /** What the status says of its own age is believed for nothing but whether to verify it. */
  #isNewer(registry: PolicyRegistry, { status, checkpoint }: PinnedRoot): boolean {
    const bytes = requireFile(this.#project.transport(registry), PATHS.status, FILE_LIMITS.envelope);
    const envelope = parseEnvelope(bytes, PATHS.status, { maxBytes: FILE_LIMITS.envelope });
    const payload = unverifiedPayload(envelope, STATUS_PAYLOAD, PATHS.status);
    const found = parseDocument(StatusDocument, payload, 'status/1', PATHS.status, { maxBytes: 8 << 20 });
    return status === null || found.issued > status.issued || found.size > (checkpoint?.size ?? 0);
  }
}

const textOf = ({ code, message }: SignetError): string => `${code} ${message}`;

function failure(item: string, thrown: unknown): SignetError {
  const { code, message, fix } = asSignetError(thrown);
  return new SignetError(code, `${item} is not taken in: ${message}`, { item, fix, cause: thrown });
}
