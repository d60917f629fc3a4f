// Bundles written by hand, as no build would.

/** A bundle of skills, each the text of a function expression. */
export function bundleOf(functions: Record<string, string>, before = ''): string {
  const entries = Object.entries(functions).map(
    ([name, run]) => `{kind:'skill',name:${JSON.stringify(name)},run:${run}}`,
  );
  return `(()=>{${before}\n__signet_define([${entries.join(',')}]);})();undefined`;
}
