// The example that `signet up` audits: it needs no cron, no network and nothing outside the state directory (DESIGN.md §7).
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const FILES: Readonly<Record<string, string>> = {
  'specs.yaml': `# A spec says what is declared, how to look at what runs, and what drift means.
# Try: delete a line of observed.txt, then run: signet audit --specs .signet/example/specs.yaml
convergence_specs:
  - id: example_jobs
    description: every enabled job of jobs.yaml has a line in observed.txt
    declaration:
      source: jobs.yaml
      extractor: registry_enabled_system_jobs
      identifier_field: entry
    runtime_observable:
      method: file_text
      url: file:observed.txt
      parser: line_contains_identifier
    drift_action: alert_only
`,
  'jobs.yaml': `jobs:
  - { id: report, scheduler: system, enabled: true, entry: report.sh, interval: "0 9 * * 1", log: ~/report.log }
  - { id: backup, scheduler: system, enabled: true, entry: backup.sh, interval: "0 3 * * *", log: ~/backup.log }
  - { id: backup_full, scheduler: system, enabled: true, entry: backup.sh --full, interval: "0 4 * * 0", log: ~/backup.log }
  - { id: retired, scheduler: system, enabled: false, entry: retired.sh, interval: "0 5 * * *", log: ~/retired.log }
`,
  'observed.txt': `0 9 * * 1 bash -lc 'bash ~/report.sh >> ~/report.log 2>&1'
0 3 * * * bash -lc 'bash ~/backup.sh >> ~/backup.log 2>&1'
0 4 * * 0 bash -lc 'bash ~/backup.sh --full >> ~/backup.log 2>&1'
`,
};

/** Writes the example where it is not there yet, and gives the path of its spec file. */
export function writeExample(folder: string): string {
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(FILES)) {
    const path = join(folder, name);
    if (!existsSync(path)) writeFileSync(path, text);
  }
  return join(folder, 'specs.yaml');
}
