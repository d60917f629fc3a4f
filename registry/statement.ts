// What is said about a bundle (DESIGN.md §3): the release statement and the provenance statement, in-toto v1 both. Made from the
// archive; read strictly, predicate type before shape (THREATS.md 9, 10, 33, 34).
import { formatTime } from '../src/contracts/common.ts';
import { EXTENSION, fullName, type Manifest } from '../src/contracts/manifest.ts';
import {
  BUILD_TYPE,
  LOCAL_BUILDER,
  PROVENANCE_PREDICATE,
  ProvenanceStatement,
  RELEASE_PREDICATE,
  ReleaseStatement,
  STATEMENT_TYPE,
} from '../src/contracts/statement.ts';
import { SignetError } from '../src/error.ts';
import { parseJson } from '../src/json.ts';
import { parseShape } from '../src/shape.ts';

/** What the builder knows and the archive does not hold. */
export interface ProvenanceInput {
  /** URL of the source repository, or `file:` where there is none. */
  readonly repository: string;
  /** Folder of the bundle inside the repository; `.` for its root. */
  readonly path: string;
  /** Commit of the source, and whether the folder was exactly that commit; null without a repository. */
  readonly commit: { readonly id: string; readonly clean: boolean } | null;
  readonly esbuild: string;
  readonly node: string;
  readonly signet: string;
}

/** Name of the subject of both statements. */
export function subjectName(name: string, version: string): string {
  return `${name}@${version}`;
}

/** The release statement of an archive with this manifest. `digest` and `files` are `sha256:<hex>`. */
export function releaseStatement(manifest: Manifest, digest: string, files: string): ReleaseStatement {
  const signet = manifest.extensions[EXTENSION];
  return ReleaseStatement.parse({
    _type: STATEMENT_TYPE,
    subject: subjectOf(manifest, digest),
    predicateType: RELEASE_PREDICATE,
    predicate: {
      namespace: signet.namespace,
      name: manifest.name,
      version: manifest.version,
      host: signet.host,
      files,
      provides: signet.provides,
      requires: signet.requires,
      capabilities: signet.capabilities,
    },
  } satisfies ReleaseStatement);
}

/** The provenance statement of a local build finished at `now` (milliseconds). */
export function provenanceStatement(
  manifest: Manifest,
  digest: string,
  input: ProvenanceInput,
  now: number,
): ProvenanceStatement {
  const { repository, path, commit, esbuild, node, signet } = input;
  return ProvenanceStatement.parse({
    _type: STATEMENT_TYPE,
    subject: subjectOf(manifest, digest),
    predicateType: PROVENANCE_PREDICATE,
    predicate: {
      buildDefinition: {
        buildType: BUILD_TYPE,
        externalParameters: { repository, path },
        internalParameters: { esbuild, node, signet },
        resolvedDependencies:
          commit === null
            ? []
            : [{ uri: repository, digest: { gitCommit: commit.id }, annotations: { clean: commit.clean } }],
      },
      runDetails: { builder: { id: LOCAL_BUILDER }, metadata: { finishedOn: formatTime(now) } },
    },
  } satisfies ProvenanceStatement);
}

/** The release statement in signed bytes: E_PREDICATE, E_FORMAT_VERSION, E_JSON, E_FORMAT. */
export function parseRelease(payload: Uint8Array): ReleaseStatement {
  return parseShape(
    ReleaseStatement,
    open(payload, RELEASE_PREDICATE, 'release statement'),
    'release statement',
  );
}

/** The provenance statement in signed bytes; codes as `parseRelease`. */
export function parseProvenance(payload: Uint8Array): ProvenanceStatement {
  return parseShape(ProvenanceStatement, open(payload, PROVENANCE_PREDICATE, 'provenance'), 'provenance');
}

function subjectOf(manifest: Manifest, digest: string): ReleaseStatement['subject'] {
  const sha256 = digest.slice('sha256:'.length);
  return [{ name: subjectName(fullName(manifest), manifest.version), digest: { sha256 } }];
}

/** Another version of the same predicate is for another Signet; another predicate is another claim. */
function open(payload: Uint8Array, predicateType: string, item: string): unknown {
  const value = parseJson(payload, item);
  const found =
    value !== null && typeof value === 'object' && !Array.isArray(value) ? value['predicateType'] : undefined;
  if (found === predicateType) return value;
  const family = predicateType.slice(0, predicateType.lastIndexOf('/') + 1);
  const actual = typeof found === 'string' ? found.slice(0, 200) : 'none';
  if (actual.startsWith(family)) {
    throw new SignetError('E_FORMAT_VERSION', `the ${item} has a format that this Signet does not know`, {
      item,
      expected: predicateType,
      actual,
    });
  }
  throw new SignetError('E_PREDICATE', `the ${item} makes another claim`, {
    item,
    expected: predicateType,
    actual,
  });
}
