/** The files of the page, read once at the start, so that a path from outside never reaches the disk. */
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';

export interface PageFile {
  readonly path: string;
  readonly type: string;
  readonly body: Buffer;
}

const FOLDER = join(import.meta.dirname, 'page');

const TYPES: ReadonlyMap<string, string> = new Map([
  ['.html', 'text/html; charset=utf-8'],
  ['.js', 'text/javascript; charset=utf-8'],
  ['.css', 'text/css; charset=utf-8'],
  ['.svg', 'image/svg+xml'],
]);

export function pageFiles(): readonly PageFile[] {
  return readdirSync(FOLDER).flatMap((name) => {
    const type = TYPES.get(extname(name));
    if (type === undefined) return [];
    const path = name === 'index.html' ? '/' : `/${name}`;
    return [{ path, type, body: readFileSync(join(FOLDER, name)) }];
  });
}
