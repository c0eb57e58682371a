#!/usr/bin/env node
/** The installed command `ledger`: runs the command line with the project's own Node, from whatever folder. */
import { spawnSync } from 'node:child_process';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const bin = dirname(fileURLToPath(import.meta.url));
const args = [join(bin, 'bootstrap.mjs'), join(bin, '..', 'cli', 'ledger.ts'), ...process.argv.slice(2)];
const { status, signal } = spawnSync(process.execPath, args, { stdio: 'inherit' });
process.exit(status ?? 128 + (constants.signals[signal] ?? 0));
