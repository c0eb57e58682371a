/**
 * A copy of the source tree that may be broken at will.
 *
 * Job: copy once, put one mutant in, take it out again. Boundary: the tree that the copy was made of is never written.
 *
 * Invariants:
 *  1. Packages are linked, one by one, so that caches which tools keep beside them are the copy's own.
 *  2. After `restore` the copy equals the tree, byte for byte.
 */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { applied, type Mutant } from './mutant.ts';

const LEFT_OUT: ReadonlySet<string> = new Set(['node_modules', '.git', '.cache', '.ledger', 'coverage']);

export class Scratch {
  readonly root: string;

  constructor(source: string) {
    this.root = mkdtempSync(join(tmpdir(), 'outcome-ledger-mutation-'));
    cpSync(source, this.root, {
      recursive: true,
      filter: (path) => !LEFT_OUT.has(relative(source, path)),
    });
    const modules = join(this.root, 'node_modules');
    mkdirSync(modules);
    for (const name of readdirSync(join(source, 'node_modules'))) {
      if (!name.startsWith('.vite')) symlinkSync(join(source, 'node_modules', name), join(modules, name));
    }
    // The suites on a real broker find their downloads here.
    const downloads = join(source, '.cache');
    if (existsSync(downloads)) symlinkSync(downloads, join(this.root, '.cache'));
  }

  /** Breaks the copy and returns how to mend it; null when the mutant does not apply. */
  apply(mutant: Mutant): (() => void) | null {
    const change = applied(this.root, mutant);
    if (change === null) return null;
    const path = join(this.root, mutant.file);
    writeFileSync(path, change.after);
    return () => writeFileSync(path, change.before);
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true, maxRetries: 5 });
  }
}
