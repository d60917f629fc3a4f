// Declared against observed: two sets of identifiers.

export interface Comparison {
  /** Declared, not observed; in declared order. */
  readonly missing: string[];
  /** Observed, not declared; in observed order. */
  readonly extra: string[];
}

/** The difference both ways, in time proportional to the number of identifiers. */
export function compareSets(declared: Iterable<string>, observed: Iterable<string>): Comparison {
  const declaredSet = new Set(declared);
  const observedSet = new Set(observed);
  return {
    missing: [...declaredSet].filter((id) => !observedSet.has(id)),
    extra: [...observedSet].filter((id) => !declaredSet.has(id)),
  };
}
