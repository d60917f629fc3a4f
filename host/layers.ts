// Which layers stand between a bundle and this machine, said plainly (DESIGN.md §4 "Workers hold no authority of ours").

export interface Layers {
  readonly on: string[];
  readonly off: string[];
}

/** The layers by name, on this platform and engine. */
export function describeLayers(): Layers {
  const major = Number(process.versions.node.split('.')[0]);
  const layers: readonly (readonly [string, boolean])[] = [
    ['isolate per bundle and tenant', true],
    ['worker process per trust domain', true],
    ['permission model', true],
    ['scrubbed environment', true],
    ['wall clock watchdog', true],
    ['memory watchdog', process.platform === 'linux'],
    // Node 24's permission model knows nothing of sockets, and cannot give a permission up once it is used.
    ['no sockets', major >= 25],
    ['no further native module', major >= 26],
    ['data size limit', false],
    ['namespaces', false],
  ];
  const names = (state: boolean): string[] => layers.filter(([, on]) => on === state).map(([name]) => name);
  return { on: names(true), off: names(false) };
}
