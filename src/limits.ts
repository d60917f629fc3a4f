// The limits that hold for one function of a bundle (DESIGN.md §4 "Limits"): those of its kind, tightened by its manifest, capped
// by the operator. Each keeps in mind whose it is, so that whoever meets it reads where it can be raised.
import { LIMIT_NAMES, type LimitName, type LimitRequest, type Limits } from './contracts/limits.ts';
import type { Kind } from './contracts/manifest.ts';
import { type ErrorCode, type ErrorDetails, SignetError } from './error.ts';
import { KINDS } from './kinds/index.ts';

/** Policy.host: `limits` holds for every bundle; what `bundles` says of one holds in its place. */
export interface OperatorLimits {
  readonly limits?: LimitRequest | undefined;
  readonly bundles?: Readonly<Record<string, LimitRequest>> | undefined;
}

type LimitSource = 'kind' | 'manifest' | 'host.limits' | 'host.bundles';

/** What is limited: a function of this kind, of this bundle (`namespace/name`). */
interface Limited {
  readonly bundle: string;
  readonly kind: Kind;
}

/** Every limit of one function, by name, and whose each is. */
export interface EffectiveLimits extends Limits {
  readonly of: Limited;
  readonly source: Readonly<Record<LimitName, LimitSource>>;
}

/** The smallest of what kind, manifest and operator say; of two that say the same, the first. */
export function effectiveLimits(
  of: Limited,
  manifest: LimitRequest | undefined,
  operator: OperatorLimits,
): EffectiveLimits {
  const limits: Record<string, number> = {};
  const source: Record<string, LimitSource> = {};
  for (const name of LIMIT_NAMES) {
    const own = operator.bundles?.[of.bundle]?.[name];
    const layers: readonly (readonly [LimitSource, number | undefined])[] = [
      ['kind', KINDS[of.kind].limits[name]],
      ['manifest', manifest?.[name]],
      own === undefined ? ['host.limits', operator.limits?.[name]] : ['host.bundles', own],
    ];
    let least = Number.POSITIVE_INFINITY;
    source[name] = 'kind';
    for (const [layer, value] of layers) {
      if (value === undefined || value >= least) continue;
      least = value;
      source[name] = layer;
    }
    limits[name] = least;
  }
  return { ...(limits as Limits), source: source as EffectiveLimits['source'], of };
}

/** The error of a limit that was met: which one, whose it is, and how it is raised. */
export function limitError(
  code: ErrorCode,
  sentence: string,
  name: LimitName,
  { of, source, [name]: value }: EffectiveLimits,
  details: Pick<ErrorDetails, 'actual' | 'cause'> = {},
): SignetError {
  return new SignetError(code, sentence, {
    item: name,
    expected: `${name}: at most ${value}, as ${SETTER[source[name]](of)} says`,
    fix: RAISE[source[name]](name, of),
    ...details,
  });
}

const SETTER: Readonly<Record<LimitSource, (of: Limited) => string>> = {
  kind: ({ kind }) => `the kind ${kind}`,
  manifest: ({ bundle }) => `the manifest of ${bundle}`,
  'host.limits': () => 'the operator, under host.limits in policy.yaml,',
  'host.bundles': ({ bundle }) => `the operator, under host.bundles of ${bundle} in policy.yaml,`,
};

const RAISE: Readonly<Record<LimitSource, (name: LimitName, of: Limited) => string>> = {
  kind: (_, { kind }) => `A ${kind} never has more: give the call less to do.`,
  manifest: (name, { bundle, kind }) =>
    `Only the author of ${bundle} can raise it: limits.${name} in its plugin.json, up to ${KINDS[kind].limits[name]}.`,
  'host.limits': (name) => `Raise host.limits.${name} in policy.yaml, or give the call less to do.`,
  'host.bundles': (name, { bundle }) =>
    `Raise host.bundles["${bundle}"].${name} in policy.yaml, or give the call less to do.`,
};
