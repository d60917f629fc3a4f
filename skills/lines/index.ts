// Parser `line_contains_identifier` (CONTRACTS.md §1, DESIGN.md §7 "Identifiers"): each line counts for the longest
// declared identifier that it contains, so that a job whose name is part of another's is told apart.
import { definePlugin, provide } from 'signet-host/plugin';

const isComment = (line: string): boolean => line.trimStart().startsWith('#');

export default definePlugin([
  provide({
    kind: 'parser',
    name: 'line_contains_identifier',
    description:
      'Declared identifiers that occur in lines of the observation; commented-out lines do not count.',
    annotations: { readOnly: true, idempotent: true },
    run({ raw, declared }) {
      const longestFirst = [...new Set(declared)].sort((a, b) => b.length - a.length);
      const observed = new Set<string>();
      /** What the plain substring test finds, each with a longer identifier of a line in which it was found. */
      const contained = new Map<string, string>();
      for (const line of raw.split('\n')) {
        if (isComment(line)) continue;
        const found = longestFirst.filter((id) => line.includes(id));
        const longest = found[0];
        if (longest === undefined) continue;
        observed.add(longest);
        for (const id of found.slice(1)) contained.set(id, longest);
      }
      return {
        observed: declared.filter((id) => observed.has(id)),
        ambiguous: [...contained]
          .filter(([id]) => !observed.has(id))
          .map(([id, longer]) => ({ id, reason: `occurs only as part of ${longer}, and counts as missing` })),
      };
    },
  }),
]);
