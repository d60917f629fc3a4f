// The check `rebuild` of `registry verify --rebuild DIR`: builds the folder with the real evaluator and compares.
import { createEvaluator } from '../../host/evaluate.ts';
import { buildBundle, ESBUILD_VERSION } from '../../registry/build.ts';
import { compareRebuild, requireSameTool } from '../../registry/rebuild.ts';
import type { ReleaseFile } from '../../registry/release-file.ts';
import { SignetError } from '../../src/error.ts';

/** What the check says or throws, once everything is built. */
export async function rebuildCheck(release: ReleaseFile | undefined, source: string): Promise<() => string> {
  const evaluator = createEvaluator();
  try {
    if (release?.proof === undefined)
      throw new SignetError('E_UNSIGNED', 'there is no proof that says how it was built', { item: source });
    requireSameTool(release.proof, ESBUILD_VERSION);
    const { archive } = await buildBundle({ folder: source, evaluate: evaluator.evaluate });
    return () => compareRebuild(release.archive, archive);
  } catch (thrown) {
    return () => {
      throw thrown;
    };
  } finally {
    await evaluator.close();
  }
}
